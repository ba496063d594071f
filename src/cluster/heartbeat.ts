/** A periodic write that runs until it is stopped. */
export interface HeartbeatTimer {
  /** Stops the timer and waits for a write in progress. */
  stop(): Promise<void>;
}

/**
 * Calls `write` now, then every `milliseconds`; a call that comes while one is in progress is skipped. The first write may
 * throw; errors of later ones are ignored, since a heartbeat must not end the work that it reports on.
 */
export async function startHeartbeatTimer(write: () => Promise<void>, milliseconds: number): Promise<HeartbeatTimer> {
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
