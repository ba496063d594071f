import { CacheError } from "@ictal/base/errors";
import { machineFault } from "@ictal/base/machine-fault";

/**
 * A CacheError that stops the build, where the machine is at fault: the next recording would meet the same error, and none is
 * excluded for it. Undefined for all other errors.
 */
export function machineStop(error: unknown): CacheError | undefined {
  const fault = machineFault(error);
  if (fault === undefined) return undefined;
  return new CacheError(
    `this machine cannot continue: ${fault}. Fewer worker threads need less (--workers, data.num_workers). What was finished is kept; the same command continues.`,
    { found: fault, expected: "room for one recording per worker thread" },
    { cause: error },
  );
}
