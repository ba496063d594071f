/** One training at a time in a run's folder: two would remove each other's checkpoints and mix their logs. */
import { join } from "node:path";
import { explainWriteError } from "@ictal/base/atomic-file";
import { CacheError } from "@ictal/base/errors";
import { type HoldOptions, holdLock, isHeldByOther as isLockHeldByOther } from "@ictal/base/lock";
import { makeFolder } from "@ictal/base/make-folder";

export const LOCK_FILE = "run.lock";

export type LockOptions = Omit<HoldOptions, "refusal">;

/** Whether a training other than the process `own` of this machine is running in a run's folder, according to its lock. */
export async function isHeldByOther(runDir: string, own: number | undefined): Promise<boolean> {
  return isLockHeldByOther(join(runDir, LOCK_FILE), own);
}

/**
 * Hold the folder of a run, made where it is missing, until the returned function is called. The lock of a process that
 * has ended is taken over; the training of a killed command ends by itself, and is waited for. Throws a CacheError while
 * another training is running there, and the signal's reason when stopped.
 */
export async function lockRun(runDir: string, options: LockOptions = {}): Promise<() => Promise<void>> {
  await makeFolder(runDir).catch((error: unknown) => {
    throw explainWriteError(error, runDir);
  });
  const release = await holdLock(join(runDir, LOCK_FILE), {
    ...options,
    onWait: (who) => options.onWait?.(`${runDir} is held by ${who}; waiting for a sign of life or its end`),
    refusal: (who) =>
      new CacheError(
        `another training is running in ${runDir}: ${who}; wait for it, stop it, or choose another experiment.output_dir`,
        { found: who, expected: `no ${LOCK_FILE}` },
      ),
  });
  return async () => release();
}
