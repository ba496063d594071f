/** Something that is written again and again until it is stopped. */
export interface Beating {
  /** Ends the beats and waits for the one under way. */
  stop(): Promise<void>;
}

/**
 * Write now, then every `milliseconds`, never two at a time. The first write may throw; a later one that fails is not
 * worth the work that it tells of.
 */
export async function startBeating(write: () => Promise<void>, milliseconds: number): Promise<Beating> {
  await write();
  let writing: Promise<void> | undefined;
  const timer = setInterval(() => {
    writing ??= write()
      .catch(() => undefined)
      .finally(() => {
        writing = undefined;
      });
  }, milliseconds);
  return {
    stop: async () => {
      clearInterval(timer);
      await writing;
    },
  };
}
