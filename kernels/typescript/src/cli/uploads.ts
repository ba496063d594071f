import type { RunListener } from "../runner/listener.js";

/** Sends each save of a run on, one at a time. */
export interface Uploads extends RunListener {
  /** Resolves when the last save is there; rejects with the error of that one. */
  last(file: string): Promise<void>;
}

/**
 * Calls `deliver` for saves as they come; of those that come while one is on its way the last is sent. What fails is told
 * to `onFailure` once in a row, and the next save tries again.
 */
export function createUploads(deliver: (file: string) => Promise<void>, onFailure: (error: Error) => void): Uploads {
  let current: Promise<void> | undefined;
  let next: string | undefined;
  let failed = false;
  const send = async (file: string): Promise<void> => {
    try {
      await deliver(file);
      failed = false;
    } catch (error) {
      if (!failed) onFailure(error as Error); // stores throw nothing but errors
      failed = true;
    }
    current = undefined;
    const waiting = next;
    next = undefined;
    if (waiting !== undefined) current = send(waiting);
  };
  return {
    saved(file) {
      if (current) next = file;
      else current = send(file);
    },
    async last(file) {
      while (current) await current;
      await deliver(file);
    },
  };
}
