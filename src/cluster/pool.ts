import { setTimeout as sleep } from "node:timers/promises";
import { isIctalError } from "@ictal/base/errors";
import { requireCounts, requireNumbers } from "@ictal/base/options";
import { mapConcurrent } from "../base/concurrent.js";
import { type FinaliseReport, finalisePlan } from "./finalise.js";
import type { Plan } from "./plan.js";
import type { Receipt } from "./state.js";
import { runTask, type TaskEnd, type TaskOptions } from "./task.js";

export interface PoolOptions extends TaskOptions {
  /** Tasks at a time. @default 1 */
  readonly jobs?: number | undefined;
  /** Times that a failed shard is run again. @default 1 */
  readonly retries?: number | undefined;
  /** Pause before the first retry of a shard, doubled at each further one up to ten minutes. @default 0 */
  readonly retryWaitSeconds?: number | undefined;
  /** Called with the result of each attempt. */
  readonly onEnd?: ((receipt: Receipt, skipped: boolean) => void) | undefined;
  /** Called when an attempt could not write a receipt. */
  readonly onFault?: ((shard: number, message: string) => void) | undefined;
}

/** Result of running a plan on this machine; `finalised` is absent while a shard is not done. */
export interface PoolReport {
  readonly shards: number;
  readonly done: number;
  readonly skipped: number;
  readonly failed: readonly number[];
  readonly finalised?: FinaliseReport;
}

const LONGEST_WAIT_SECONDS = 600;

/** Calls `work` until `isEnough` or until `retries` are used up; an abort ends the pause between two calls. */
async function retried<T>(
  work: () => Promise<T>,
  isEnough: (end: T) => boolean,
  { retries = 1, retryWaitSeconds = 0, signal }: PoolOptions,
): Promise<T> {
  for (let used = 0; ; used++) {
    const end = await work();
    signal?.throwIfAborted();
    if (isEnough(end) || used >= retries) return end;
    const seconds = Math.min(LONGEST_WAIT_SECONDS, retryWaitSeconds * 2 ** used);
    await sleep(1000 * seconds, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** A full disk may have space after the pause: returns undefined for it, throws other errors. */
async function unlessFull<T>(work: () => Promise<T>, onFull: (error: Error) => void): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isIctalError(error, "StoreError") || error.details.code !== "DiskFull") throw error;
    onFull(error);
    return undefined;
  }
}

const isSettled = (end: TaskEnd | undefined): boolean =>
  end !== undefined && (end.receipt.state === "done" || end.receipt.exitCode === 2);

/**
 * Runs a plan on one machine: runs the shards of the plan in `dir`, retries failed ones, then finalises. Throws
 * the signal's reason when stopped; finished shards are kept and the same call resumes.
 */
export async function runPool(dir: string, plan: Plan, options: PoolOptions): Promise<PoolReport> {
  const { jobs = 1, signal, onEnd, onFault } = options;
  requireCounts({ jobs });
  requireCounts({ retries: options.retries }, 0);
  requireNumbers({ retryWaitSeconds: options.retryWaitSeconds }, { least: 0 });
  const shards = plan.shards.map((_, shard) => shard);
  const once = async (shard: number) => {
    const end = await unlessFull(
      () => runTask(dir, plan, shard, options),
      ({ message }) => onFault?.(shard, message),
    );
    if (end) onEnd?.(end.receipt, end.skipped);
    return end;
  };
  const ends = await mapConcurrent(shards, jobs, (shard) => retried(() => once(shard), isSettled, options), signal);
  const failed = shards.filter((shard) => ends[shard]?.receipt.state !== "done");
  const done = shards.length - failed.length;
  const skipped = ends.filter((end) => end?.skipped).length;
  const report = { shards: shards.length, done, skipped, failed };
  if (failed.length > 0) return report;
  let full: Error | undefined;
  const last = () =>
    unlessFull(
      () => finalisePlan(dir, plan, options),
      (error) => {
        full = error;
      },
    );
  const finalised = await retried(last, (end) => end !== undefined, options);
  if (!finalised) throw full;
  return { ...report, finalised };
}
