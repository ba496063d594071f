/** Files that tasks write to the plan's folder: a receipt per shard, written last, and a progress file while it runs. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson } from "@ictal/base/canonical";
import { z } from "zod";
import { mapConcurrent } from "../base/concurrent.js";
import { type Plan, parseJson } from "./plan.js";

const receiptSchema = z.object({
  shard: z.number().int().min(0),
  hash: z.string(),
  /** "interrupted": the state is saved, and running the same task again resumes it. */
  state: z.enum(["done", "failed", "interrupted"]),
  exitCode: z.number().int(),
  attempts: z.number().int().min(1),
  startedAt: z.string(),
  seconds: z.number().min(0),
  host: z.string(),
  /** The scheduler's name of the job, where there is one. */
  job: z.string().optional(),
  /** Documents that the commands printed. */
  results: z.array(z.unknown()),
  /** Last lines of standard error. */
  lastLines: z.array(z.string()),
});

const progressSchema = z.object({
  shard: z.number().int().min(0),
  hash: z.string(),
  pid: z.number().int(),
  /** Process id of the command that the task runs; it ends soon after its task is killed. */
  command: z.number().int().optional(),
  host: z.string(),
  job: z.string().optional(),
  attempts: z.number().int().min(1),
  startedAt: z.string(),
  /** Time of the last heartbeat of the task. */
  updatedAt: z.string(),
  line: z.string(),
});

/** How a task ended. */
export type Receipt = z.infer<typeof receiptSchema>;

/** Progress of a running task; the file remains when the task is killed. */
export type ShardProgress = z.infer<typeof progressSchema>;

/** Path of a shard's receipt. */
export function receiptPath(dir: string, shard: number): string {
  return join(dir, "shards", `${shard}.json`);
}

/** Path of a shard's progress file. */
export function progressPath(dir: string, shard: number): string {
  return join(dir, "shards", `${shard}.progress.json`);
}

async function readAs<T>(schema: z.ZodType<T>, path: string): Promise<T | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : schema.safeParse(parseJson(text)).data;
}

/** The receipt of a shard; undefined where there is none or a damaged one. */
export function readShardReceipt(dir: string, shard: number): Promise<Receipt | undefined> {
  return readAs(receiptSchema, receiptPath(dir, shard));
}

/** The progress file of a shard. */
export function readShardProgress(dir: string, shard: number): Promise<ShardProgress | undefined> {
  return readAs(progressSchema, progressPath(dir, shard));
}

/** Writes a receipt or progress file atomically. */
export function writeState(path: string, state: Receipt | ShardProgress): Promise<void> {
  return writeFileAtomic(path, `${canonicalJson(state)}\n`);
}

/** State of one shard of a plan. */
export interface ShardState {
  readonly shard: number;
  /** "lost": it was started and has not ended, and it is not running (as far as this machine can tell). */
  readonly state: "waiting" | "running" | "lost" | Receipt["state"];
  readonly receipt?: Receipt;
  readonly progress?: ShardProgress;
}

async function stateOf(dir: string, { shards }: Plan, shard: number, runs: RunsCheck): Promise<ShardState> {
  const [receipt, progress] = await Promise.all([readShardReceipt(dir, shard), readShardProgress(dir, shard)]);
  const hash = shards[shard]?.hash;
  const own = receipt?.hash === hash ? receipt : undefined;
  if (own?.state === "done") return { shard, state: "done", receipt: own };
  if (progress && progress.hash === hash)
    return { shard, state: runs(progress) ? "running" : "lost", ...(own && { receipt: own }), progress };
  return own ? { shard, state: own.state, receipt: own } : { shard, state: "waiting" };
}

/** Whether the task that wrote a progress file still runs. */
export type RunsCheck = (progress: ShardProgress) => boolean;

/** The state of every shard of the plan in `dir`. */
export function readStates(dir: string, plan: Plan, runs: RunsCheck, signal?: AbortSignal): Promise<ShardState[]> {
  return mapConcurrent(plan.shards, 32, (_, shard) => stateOf(dir, plan, shard, runs), signal);
}
