import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeStaleTemporaryFiles } from "@ictal/base/atomic-file";
import { isAlive } from "@ictal/base/process-alive";
import { startBeating } from "./beat.js";
import type { Plan } from "./plan.js";
import { type CommandEnd, runCommand } from "./run-command.js";
import { jobNameFrom } from "./shard-index.js";
import {
  progressPath,
  type Receipt,
  readShardProgress,
  readShardReceipt,
  receiptPath,
  type ShardProgress,
  writeState,
} from "./state.js";

const HEARTBEAT_MILLISECONDS = 5000;
/** A command whose task is gone sees it within a second and has a minute to save its state. */
const ORPHAN_MILLISECONDS = 65_000;

export interface TaskOptions {
  /** Program and first words of `ictal`. */
  readonly ictal: readonly string[];
  /** Where the commands' standard error goes as it comes. */
  readonly tee?: { write(text: string): unknown };
  readonly signal?: AbortSignal;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How a task ended, and whether there was nothing to do. */
export interface TaskEnd {
  readonly receipt: Receipt;
  readonly skipped: boolean;
}

interface Heartbeat {
  say(line: string): void;
  /** Which process does the work now. */
  runs(pid: number): void;
  stop(): Promise<void>;
}

/** Writes the progress file now, at each beat, and removes it at the end. */
async function startHeartbeat(path: string, start: Omit<ShardProgress, "updatedAt" | "line">): Promise<Heartbeat> {
  let line = "";
  let command: number | undefined;
  const write = () => writeState(path, { ...start, command, updatedAt: new Date().toISOString(), line });
  const beating = await startBeating(write, HEARTBEAT_MILLISECONDS);
  let writing: Promise<void> = Promise.resolve();
  return {
    say: (text) => {
      line = text;
    },
    runs: (pid) => {
      command = pid;
      writing = write().catch(() => undefined); // the next beat says it again
    },
    stop: async () => {
      await beating.stop();
      await writing;
      await rm(path, { force: true });
    },
  };
}

async function runAll(plan: Plan, shard: number, options: TaskOptions, { say, runs }: Heartbeat) {
  const ends: CommandEnd[] = [];
  for (const words of plan.shards[shard]!.commands) {
    const { tee, signal } = options;
    ends.push(await runCommand([...options.ictal, ...words], { onLine: say, onStart: runs, tee, signal }));
    if (ends.at(-1)!.exitCode !== 0) break;
  }
  return ends;
}

/** Wait for the command of a task that was killed here: two must not work on one folder. It ends by itself. */
async function outlive({ host, pid, command }: ShardProgress, signal: AbortSignal | undefined): Promise<void> {
  if (command === undefined || host !== hostname() || isAlive(pid)) return;
  for (const end = Date.now() + ORPHAN_MILLISECONDS; isAlive(command) && Date.now() < end; ) {
    signal?.throwIfAborted();
    await sleep(200);
  }
}

const STATES = { 0: "done", 1: "failed", 2: "failed", 130: "interrupted" } as const;

/** Steps that an interrupted training had taken. */
function stepsOf(results: readonly unknown[]): number | undefined {
  const last = results.at(-1);
  const steps = last && typeof last === "object" && "steps" in last ? last.steps : undefined;
  return typeof steps === "number" ? steps : undefined;
}

/** A training that is interrupted again where it began would be chained forever. */
function stuckLine(before: Receipt | undefined, exitCode: number, results: readonly unknown[]): string | undefined {
  const steps = stepsOf(results);
  if (exitCode !== 130 || before?.state !== "interrupted" || steps === undefined) return undefined;
  if (steps > (stepsOf(before.results) ?? -1)) return undefined;
  return `interrupted at step ${steps} as before: no step fits in the time limit; give more time`;
}

/**
 * Run shard `shard` (from 0) of the plan in `dir` unless its receipt says that it is done; its receipt is written last,
 * whole, its progress file while it runs. Running it again is safe: the commands reuse what is there.
 */
export async function runTask(dir: string, plan: Plan, shard: number, options: TaskOptions): Promise<TaskEnd> {
  const folder = resolve(dir);
  const { hash } = plan.shards[shard]!;
  const known = await readShardReceipt(folder, shard);
  const before = known?.hash === hash ? known : undefined;
  if (before?.state === "done") return { receipt: before, skipped: true };
  const lost = await readShardProgress(folder, shard);
  if (lost) await outlive(lost, options.signal);
  for (const path of [progressPath(folder, shard), receiptPath(folder, shard)]) await removeStaleTemporaryFiles(path);
  const attempts = Math.max(before?.attempts ?? 0, lost?.hash === hash ? lost.attempts : 0) + 1;
  const job = jobNameFrom(options.environment ?? process.env);
  const start = { shard, hash, host: hostname(), job, attempts, startedAt: new Date().toISOString() };
  const started = performance.now();
  const heartbeat = await startHeartbeat(progressPath(folder, shard), { ...start, pid: process.pid });
  try {
    const ends = await runAll(plan, shard, options, heartbeat);
    const last = ends.at(-1)!;
    const results = ends.map(({ result }) => result ?? null);
    const stuck = stuckLine(before, last.exitCode, results);
    const exitCode = stuck ? 1 : last.exitCode;
    const receipt: Receipt = {
      ...start,
      state: STATES[exitCode],
      exitCode,
      seconds: (performance.now() - started) / 1000,
      results,
      lastLines: exitCode === 0 ? [] : [...last.lastLines, ...(stuck ? [stuck] : [])],
    };
    await writeState(receiptPath(folder, shard), receipt);
    return { receipt, skipped: false };
  } finally {
    await heartbeat.stop(); // also when the disk has no room for the receipt
  }
}
