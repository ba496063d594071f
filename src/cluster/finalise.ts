import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { CacheError } from "@ictal/base/errors";
import { mapConcurrent } from "../base/concurrent.js";
import { csvText, tableOf } from "./cell-format.js";
import { formatIndices } from "./indices.js";
import type { Plan } from "./plan.js";
import { runCommand } from "./run-command.js";
import { type Receipt, readShardReceipt } from "./state.js";
import type { TaskOptions } from "./task.js";

/** Report on a finished plan. */
export interface FinaliseReport {
  readonly kind: string;
  readonly shards: number;
  readonly items: number;
  /** Sum over the shards. */
  readonly shardSeconds: number;
  /** Documents of the plan's last commands. */
  readonly results: readonly unknown[];
  /** 0, or the highest exit code of a last command that printed its report but failed. */
  readonly exitCode: number;
  /** One row per shard, for plans whose shards have names. */
  readonly table?: string;
}

/** Receipts of all shards. Throws a CacheError that names the shards which are not done. */
async function receiptsOf(dir: string, plan: Plan): Promise<Receipt[]> {
  const found = await mapConcurrent(plan.shards, 32, (_, shard) => readShardReceipt(dir, shard));
  const receipts: Receipt[] = [];
  const undone: number[] = [];
  for (const [shard, { hash }] of plan.shards.entries()) {
    const receipt = found[shard];
    if (receipt?.hash === hash && receipt.state === "done") receipts.push(receipt);
    else undone.push(shard);
  }
  if (undone.length === 0) return receipts;
  throw new CacheError(
    `${undone.length} of ${plan.shards.length} shards are not done: ${formatIndices(undone)}; run them, then run finalise again`,
    { found: plan.shards.length - undone.length, expected: plan.shards.length },
  );
}

/** Finish the plan in `dir` once all its shards are done; the report is also written to `result.json`. Safe to repeat. */
export async function finalisePlan(dir: string, plan: Plan, options: TaskOptions): Promise<FinaliseReport> {
  const folder = resolve(dir);
  await rm(join(folder, "result.json"), { force: true });
  const receipts = await receiptsOf(folder, plan);
  const results: unknown[] = [];
  let worst = 0;
  for (const args of plan.finalise) {
    const { exitCode, result, lastLines } = await runCommand([...options.ictal, ...args], options);
    if (exitCode === 130)
      throw new DOMException("interrupted; completed shards are kept, run finalise again", "AbortError");
    worst = Math.max(worst, exitCode);
    if (exitCode !== 0 && result === undefined)
      throw new CacheError(`ictal ${args.join(" ")} failed: ${lastLines.join("\n")}`, { found: exitCode });
    results.push(result ?? null);
  }
  const rows = tableOf(plan, receipts);
  const table = rows.length > 0 ? join(folder, "table.csv") : undefined;
  if (table) await writeFileAtomic(table, csvText(rows));
  const report: FinaliseReport = {
    kind: plan.kind,
    shards: plan.shards.length,
    items: plan.items,
    shardSeconds: receipts.reduce((sum, { seconds }) => sum + seconds, 0),
    results,
    exitCode: worst,
    ...(table ? { table } : {}),
  };
  await writeFileAtomic(join(folder, "result.json"), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}
