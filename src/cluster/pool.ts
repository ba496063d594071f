import { mapConcurrent } from "../base/concurrent.js";
import { type FinaliseReport, finalisePlan } from "./finalise.js";
import type { Plan } from "./plan.js";
import type { Receipt } from "./state.js";
import { runTask, type TaskOptions } from "./task.js";

export interface PoolOptions extends TaskOptions {
  /** Tasks at a time. @default 1 */
  readonly jobs?: number;
  /** Times that a failed shard is run again. @default 1 */
  readonly retries?: number;
  /** Told how each attempt ended. */
  readonly onEnd?: (receipt: Receipt, skipped: boolean) => void;
}

/** How a plan went on this machine; `finalised` is undefined while a shard is not done. */
export interface PoolReport {
  readonly shards: number;
  readonly done: number;
  readonly skipped: number;
  readonly failed: readonly number[];
  readonly finalised?: FinaliseReport;
}

/**
 * The contract's adapter for one machine: run the shards of the plan in `dir`, failed ones again, then finalise. Throws
 * the signal's reason when stopped; what was finished stays and the same call carries on.
 */
export async function runPool(dir: string, plan: Plan, options: PoolOptions): Promise<PoolReport> {
  const { jobs = 1, retries = 1, signal, onEnd } = options;
  const shards = plan.shards.map((_, shard) => shard);
  const run = async (shard: number) => {
    for (let left = retries; ; left--) {
      const end = await runTask(dir, plan, shard, options);
      onEnd?.(end.receipt, end.skipped);
      signal?.throwIfAborted();
      if (end.receipt.state === "done" || end.receipt.exitCode === 2 || left <= 0) return end;
    }
  };
  const ends = await mapConcurrent(shards, jobs, run, signal);
  const failed = shards.filter((shard) => ends[shard]!.receipt.state !== "done");
  const done = shards.length - failed.length;
  const skipped = ends.filter((end) => end.skipped).length;
  const finalised = failed.length === 0 ? await finalisePlan(dir, plan, options) : undefined;
  return { shards: shards.length, done, skipped, failed, ...(finalised ? { finalised } : {}) };
}
