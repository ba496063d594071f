import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeStaleTemporaryFiles } from "@ictal/base/atomic-file";
import { isAlive } from "@ictal/base/process-alive";
import { startHeartbeatTimer } from "./heartbeat.js";
import type { Plan, ShardPlan } from "./plan.js";
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
/** A command whose task was killed notices within a second and has a minute to save its state. */
const ORPHAN_MILLISECONDS = 65_000;

export interface TaskOptions {
  /** Program and first args of `ictal`. */
  readonly ictal: readonly string[];
  /** Receives the standard error of the commands as it arrives. */
  readonly tee?: { write(text: string): unknown } | undefined;
  readonly signal?: AbortSignal | undefined;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Receipt of a task; `skipped` when it was done before. */
export interface TaskEnd {
  readonly receipt: Receipt;
  readonly skipped: boolean;
}

interface Heartbeat {
  /** The newest line of output. */
  setLine(line: string): void;
  /** Process id of the command that runs. */
  setCommand(pid: number): void;
  stop(): Promise<void>;
}

/** Writes the progress file now and periodically, and removes it at the end. */
async function startHeartbeat(path: string, start: Omit<ShardProgress, "updatedAt" | "line">): Promise<Heartbeat> {
  let line = "";
  let command: number | undefined;
  const write = () =>
    writeState(path, {
      ...start,
      ...(command !== undefined && { command }),
      updatedAt: new Date().toISOString(),
      line,
    });
  const timer = await startHeartbeatTimer(write, HEARTBEAT_MILLISECONDS);
  let writing: Promise<void> = Promise.resolve();
  return {
    setLine: (text) => {
      line = text;
    },
    setCommand: (pid) => {
      command = pid;
      writing = write().catch(() => undefined); // the next heartbeat writes it again
    },
    stop: async () => {
      await timer.stop();
      await writing;
      await rm(path, { force: true });
    },
  };
}

/** Runs the commands in order up to the first that fails; the results of all, and the end of the last. */
async function runAll(commands: ShardPlan["commands"], options: TaskOptions, { setLine, setCommand }: Heartbeat) {
  const { ictal, tee, signal } = options;
  const results: unknown[] = [];
  let last: CommandEnd = { exitCode: 0, result: undefined, lastLines: [] };
  for (const args of commands) {
    last = await runCommand([...ictal, ...args], { onLine: setLine, onStart: setCommand, tee, signal });
    results.push(last.result ?? null);
    if (last.exitCode !== 0) break;
  }
  return { results, last };
}

/** Waits for the command of a task that was killed on this machine: two must not write to one folder. It ends by itself. */
async function waitForOrphan({ host, pid, command }: ShardProgress, signal: AbortSignal | undefined): Promise<void> {
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

/** A training run that is interrupted at the step it started from would be chained without end. */
function noProgressLine(
  before: Receipt | undefined,
  exitCode: number,
  results: readonly unknown[],
): string | undefined {
  const steps = stepsOf(results);
  if (exitCode !== 130 || before?.state !== "interrupted" || steps === undefined) return undefined;
  if (steps > (stepsOf(before.results) ?? -1)) return undefined;
  return `interrupted at step ${steps}, the same as before: the time limit is too short for one step; increase it`;
}

/**
 * Runs shard `shard` (from 0) of the plan in `dir` unless its receipt says that it is done. The receipt is written last and
 * atomically, the progress file while it runs. Running a shard again is safe: the commands reuse existing results.
 */
export async function runTask(dir: string, plan: Plan, shard: number, options: TaskOptions): Promise<TaskEnd> {
  const folder = resolve(dir);
  const shardPlan = plan.shards[shard];
  if (!shardPlan) throw new RangeError(`invalid shard: ${shard}; the plan has ${plan.shards.length} shards`);
  const { hash, commands } = shardPlan;
  const known = await readShardReceipt(folder, shard);
  const before = known?.hash === hash ? known : undefined;
  if (before?.state === "done") return { receipt: before, skipped: true };
  const lost = await readShardProgress(folder, shard);
  if (lost) await waitForOrphan(lost, options.signal);
  for (const path of [progressPath(folder, shard), receiptPath(folder, shard)]) await removeStaleTemporaryFiles(path);
  const attempts = Math.max(before?.attempts ?? 0, lost?.hash === hash ? lost.attempts : 0) + 1;
  const job = jobNameFrom(options.environment ?? process.env);
  const start = {
    shard,
    hash,
    host: hostname(),
    ...(job !== undefined && { job }),
    attempts,
    startedAt: new Date().toISOString(),
  };
  const started = performance.now();
  const heartbeat = await startHeartbeat(progressPath(folder, shard), { ...start, pid: process.pid });
  try {
    const { results, last } = await runAll(commands, options, heartbeat);
    const noProgress = noProgressLine(before, last.exitCode, results);
    const exitCode = noProgress ? 1 : last.exitCode;
    const receipt: Receipt = {
      ...start,
      state: STATES[exitCode],
      exitCode,
      seconds: (performance.now() - started) / 1000,
      results,
      lastLines: exitCode === 0 ? [] : [...last.lastLines, ...(noProgress ? [noProgress] : [])],
    };
    await writeState(receiptPath(folder, shard), receipt);
    return { receipt, skipped: false };
  } finally {
    await heartbeat.stop(); // also when the disk has no room for the receipt
  }
}
