import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { createLocker } from "@ictal/base/lock-file";

/** Another process's compile step sends no heartbeat while the compiler runs; longer than any takes. */
const STALE_MILLISECONDS = 10 * 60_000;

/** The lock that src/cli/ensure-built.mjs takes too. */
export interface BuildLock {
  /**
   * Does `work` while no other process compiles the project. Returns false, and does nothing, when another process holds
   * the lock. A project that cannot be written to throws.
   */
  under(work: () => void): boolean;
}

export function createBuildLock(path: string): BuildLock {
  const locker = createLocker(path, { staleMilliseconds: STALE_MILLISECONDS });
  return {
    under(work) {
      mkdirSync(dirname(path), { recursive: true });
      const { lock } = locker.take();
      if (!lock) return false;
      try {
        work();
      } finally {
        lock.release();
      }
      return true;
    },
  };
}
