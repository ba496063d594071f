import { hostname } from "node:os";
import { printableAll } from "@ictal/base/printable";
import { isAlive } from "@ictal/base/process-alive";
import { formatIndices } from "./indices.js";
import type { Plan } from "./plan.js";
import type { ShardProgress, ShardState } from "./state.js";

const STALE_MILLISECONDS = 60_000;

/** Whether a task runs, from its process on this machine, or from its heartbeat on another. */
export function runsHere({ host, pid, updatedAt }: ShardProgress): boolean {
  return host === hostname() ? isAlive(pid) : Date.now() - Date.parse(updatedAt) < STALE_MILLISECONDS;
}

/** Counts, rates and the last lines of failed shards. */
export interface StatusReport {
  readonly kind: string;
  readonly shards: number;
  readonly items: number;
  readonly counts: Readonly<Record<ShardState["state"], number>>;
  /** Mean wall time of a shard that is done; null before the first. */
  readonly secondsPerShard: number | null;
  /** Items per second of one task, from the shards that are done. */
  readonly itemsPerSecond: number | null;
  readonly running: readonly { readonly shard: number; readonly job?: string; readonly line: string }[];
  readonly failures: readonly {
    readonly shard: number;
    readonly state: string;
    readonly job?: string;
    readonly attempts: number;
    readonly lastLines: readonly string[];
  }[];
}

function failureOf({ shard, state, receipt, progress }: ShardState): StatusReport["failures"][number] {
  const { job, attempts = 0 } = receipt ?? progress ?? {};
  const lostLines = progress ? [progress.line, `no heartbeat since ${progress.updatedAt}`] : [];
  const lastLines = state === "lost" ? lostLines : (receipt?.lastLines ?? []);
  return { shard, state, ...(job ? { job } : {}), attempts, lastLines: lastLines.filter((line) => line !== "") };
}

function reportOf(plan: Plan, states: readonly ShardState[]): StatusReport {
  const counts = { waiting: 0, running: 0, lost: 0, done: 0, failed: 0, interrupted: 0 };
  for (const { state } of states) counts[state] += 1;
  const done = states.filter(({ state }) => state === "done");
  const seconds = done.reduce((sum, { receipt }) => sum + (receipt?.seconds ?? 0), 0);
  const items = done.reduce((sum, { shard }) => sum + (plan.shards[shard]?.items ?? 0), 0);
  return {
    kind: plan.kind,
    shards: plan.shards.length,
    items: plan.items,
    counts,
    secondsPerShard: done.length > 0 ? seconds / done.length : null,
    itemsPerSecond: seconds > 0 ? items / seconds : null,
    running: states.flatMap(({ shard, state, progress }) =>
      progress && state === "running"
        ? [{ shard, ...(progress.job ? { job: progress.job } : {}), line: progress.line }]
        : [],
    ),
    failures: states
      .filter(({ state }) => state === "failed" || state === "lost" || state === "interrupted")
      .map(failureOf),
  };
}

/** The status of a plan as JSON and as text. */
export function describeStates(plan: Plan, states: readonly ShardState[]): { json: StatusReport; text: string } {
  const json = reportOf(plan, states);
  const { counts, secondsPerShard, itemsPerSecond, running, failures } = printableAll(json);
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  const waiting = states.filter(({ state }) => state === "waiting").map(({ shard }) => shard);
  const lines = [
    `${plan.kind}: ${present.map(([state, count]) => `${count} ${state}`).join(", ")} of ${plan.shards.length} shards`,
    ...(secondsPerShard === null
      ? []
      : [
          `${secondsPerShard.toFixed(1)} s per shard, ${(itemsPerSecond ?? 0).toPrecision(3)} items per second and task`,
        ]),
    ...(waiting.length > 0 ? [`waiting: ${formatIndices(waiting)}`] : []),
    ...running.map(({ shard, job, line }) => `running ${shard}${job ? ` (job ${job})` : ""}: ${line}`),
    ...failures.flatMap(({ shard, state, job, attempts, lastLines }) => [
      `${state} ${shard}${job ? ` (job ${job})` : ""} after ${attempts} attempts:`,
      ...lastLines.slice(-5).map((line) => `    ${line}`),
    ]),
  ];
  return { json, text: lines.join("\n") };
}
