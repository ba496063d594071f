/** Waiting for a lock file and holding it; "@ictal/base/lock-file" is how it is taken. */
import { setTimeout as sleep } from "node:timers/promises";
import { createLocker, judgeHolder, type LockHolder, readHolder } from "@ictal/base/lock-file";
import { explainWriteError } from "./atomic-file.js";

const POLL_MILLISECONDS = 500;

export interface HoldOptions {
  /** Called once when a holder has to be waited for. */
  readonly onWait?: ((who: string) => void) | undefined;
  /** Called when another took the lock for left behind, which only one that cannot see this process does. */
  readonly onLost?: ((who: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long a living process of this machine may take to end. @default 10 s */
  readonly patienceMilliseconds?: number | undefined;
  /** How long the lock of a process that cannot be seen from here must stand still to count as left behind. @default 60 s */
  readonly staleMilliseconds?: number | undefined;
  /** Time between heartbeats. @default 5 s */
  readonly heartbeatMilliseconds?: number | undefined;
  /** The error while the holder lives on. */
  readonly refusal: (who: string) => Error;
}

const describe = ({ isWhole, pid, host, since }: LockHolder): string =>
  isWhole
    ? `process ${pid} on ${host}${since === "" ? "" : ` since ${since}`}`
    : "a process that its lock does not name";

/** Whether a process other than `own` of this machine holds the lock at `path`, as far as can be found out at once. */
export function isHeldByOther(path: string, own: number | undefined): boolean {
  const holder = readHolder(path);
  if (holder === undefined) return false;
  const judged = judgeHolder(holder);
  return judged === "unknown" || (judged === "alive" && holder.pid !== own);
}

/**
 * Hold the lock at `path`, whose folder is there, until the returned function is called; the lock of a process that is
 * gone is taken over. Throws what `refusal` gives while another holds it, the signal's reason when stopped, and a
 * StoreError where the folder cannot be written to.
 */
export async function holdLock(path: string, options: HoldOptions): Promise<() => void> {
  const { onWait, signal, patienceMilliseconds = 10_000, staleMilliseconds, refusal } = options;
  const locker = createLocker(path, staleMilliseconds === undefined ? {} : { staleMilliseconds });
  const begun = performance.now();
  for (let isReported = false; ; await sleep(POLL_MILLISECONDS, undefined, { signal })) {
    signal?.throwIfAborted();
    const taken = attempt(path, locker.take);
    if (taken.lock) return keepHeartbeat(path, taken.lock, options);
    const who = describe(taken.holder);
    const mayStillEnd = performance.now() - begun < patienceMilliseconds;
    const isAtWork = judgeHolder(taken.holder) === "alive" ? !mayStillEnd : taken.holder.hasHeartbeat;
    if (isAtWork) throw refusal(who);
    if (!isReported) onWait?.(who);
    isReported = true;
  }
}

function attempt<T>(path: string, take: () => T): T {
  try {
    return take();
  } catch (error) {
    throw explainWriteError(error, path);
  }
}

type Held = NonNullable<ReturnType<ReturnType<typeof createLocker>["take"]>["lock"]>;

function keepHeartbeat(path: string, lock: Held, options: HoldOptions): () => void {
  const { onLost, heartbeatMilliseconds = 5000 } = options;
  const timer = setInterval(() => {
    try {
      if (lock.isOurs()) return lock.heartbeat();
      clearInterval(timer);
      const holder = readHolder(path);
      onLost?.(holder ? describe(holder) : "nobody: its lock was removed");
    } catch {
      // a disk that is away for a moment; the next heartbeat shows it
    }
  }, heartbeatMilliseconds);
  timer.unref();
  return () => {
    clearInterval(timer);
    lock.release();
  };
}
