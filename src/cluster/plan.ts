/** A plan: work split into tasks (shards) that any scheduler can run by their index. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson, hashOf } from "@ictal/base/canonical";
import { CacheError, ConfigError, NotFoundError } from "@ictal/base/errors";
import { isFileForFolder } from "@ictal/base/read-fault";
import { z } from "zod";

export const PLAN_FILE = "plan.json";

const commands = z.array(z.array(z.string()).min(1));

const shardSchema = z.object({
  /** Hash of the commands and of their inputs: a receipt with this hash means that the shard is done. */
  hash: z.string(),
  /** Recordings, configurations or trees of the shard. */
  items: z.number().int().min(0),
  /** Arguments of `ictal`, one list per command, run in order; each command prints one JSON document. */
  commands: commands.min(1),
  /** Columns of the shard's row in the result table. */
  row: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

const planSchema = z.object({
  version: z.literal(1),
  kind: z.enum(["cache", "check", "predict", "score", "train", "sweep", "crossval"]),
  hash: z.string(),
  items: z.number().int().min(0),
  shards: z.array(shardSchema).min(1),
  /** Run once after the last shard. */
  finalise: commands,
});

/** One task of a plan. */
export type ShardPlan = z.infer<typeof shardSchema>;

/** Tasks and the commands that follow them. */
export type Plan = z.infer<typeof planSchema>;

/** The kinds of work that can be planned. */
export type PlanKind = Plan["kind"];

/** A task before its hash is taken; `inputs` is JSON that changes whenever what the task reads does. */
export interface ShardDraft extends Omit<ShardPlan, "hash"> {
  readonly inputs: unknown;
}

/** A plan of `drafts`; equal drafts give equal hashes. Throws a ConfigError without any. */
export function makePlan(kind: PlanKind, drafts: readonly ShardDraft[], finalise: readonly string[][] = []): Plan {
  if (drafts.length === 0)
    throw new ConfigError(`nothing to plan: the ${kind} plan has no task`, { key: "array", value: 0 });
  const shards = drafts.map(({ inputs, ...rest }) => ({ hash: hashOf([rest.commands, inputs ?? null], 16), ...rest }));
  const items = shards.reduce((sum, shard) => sum + shard.items, 0);
  return { version: 1, kind, hash: hashOf([kind, shards, finalise], 16), items, shards, finalise: [...finalise] };
}

/** Writes `plan` to the folder `dir`, one shard per line. */
export async function writePlan(
  dir: string,
  plan: Plan,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  signal?.throwIfAborted();
  const path = join(resolve(dir), PLAN_FILE);
  const { shards, ...head } = plan;
  const lines = shards.map((shard) => canonicalJson(shard));
  await writeFileAtomic(path, `${canonicalJson(head).slice(0, -1)},"shards":[\n${lines.join(",\n")}\n]}\n`);
  return path;
}

/** Reads the plan in `dir`. NotFoundError when there is none, CacheError when the file is not a valid plan. */
export async function readPlan(
  dir: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Plan> {
  const path = join(resolve(dir), PLAN_FILE);
  const text = await readFile(path, { encoding: "utf8", signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (isFileForFolder(error))
      throw new NotFoundError(`${dir} is a file, expected the folder of a plan; ictal shard plan makes one`, dir);
    throw new NotFoundError(`no plan at ${path}; create one with: ictal shard plan, or ictal slurm`, path, {
      cause: error,
    });
  });
  const parsed = planSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new CacheError(`${path}: not a plan of this version of ictal; create it again with: ictal shard plan`, {
    found: parsed.error.issues[0]?.message,
  });
}

/** Parsed JSON of `text`; undefined when it is invalid. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
