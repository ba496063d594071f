/** The shard contract's plan: what is to be done, cut into tasks that any scheduler can run by their number. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson, hashOf } from "@ictal/base/canonical";
import { CacheError, ConfigError, NotFoundError } from "@ictal/base/errors";
import { z } from "zod";

export const PLAN_FILE = "plan.json";

const commands = z.array(z.array(z.string()).min(1));

const shardSchema = z.object({
  /** Of the commands and of what they read: a receipt with this hash says that nothing is left to do. */
  hash: z.string(),
  /** Recordings, configurations or trees of the shard. */
  items: z.number().int().min(0),
  /** Words after `ictal`, run in order; each prints one JSON document. */
  commands: commands.min(1),
  /** Columns of the shard's row in the result table. */
  row: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

const planSchema = z.object({
  version: z.literal(1),
  kind: z.enum(["cache", "check", "predict", "score", "train", "sweep"]),
  hash: z.string(),
  items: z.number().int().min(0),
  shards: z.array(shardSchema).min(1),
  /** Run once after the last shard. */
  finalise: commands,
});

/** One task of a plan. */
export type ShardPlan = z.infer<typeof shardSchema>;

/** Tasks and what follows them. */
export type Plan = z.infer<typeof planSchema>;

/** What kinds of work the contract knows. */
export type PlanKind = Plan["kind"];

/** A task before its hash is taken; `inputs` is JSON that changes whenever what the task reads does. */
export interface ShardDraft extends Omit<ShardPlan, "hash"> {
  readonly inputs: unknown;
}

/** A plan of `drafts`; equal drafts give equal hashes. Throws a ConfigError without any. */
export function makePlan(kind: PlanKind, drafts: readonly ShardDraft[], finalise: readonly string[][] = []): Plan {
  if (drafts.length === 0) throw new ConfigError(`nothing to plan: no ${kind} task`, { key: "array", value: 0 });
  const shards = drafts.map(({ inputs, ...rest }) => ({ hash: hashOf([rest.commands, inputs ?? null], 16), ...rest }));
  const items = shards.reduce((sum, shard) => sum + shard.items, 0);
  return { version: 1, kind, hash: hashOf([kind, shards, finalise], 16), items, shards, finalise: [...finalise] };
}

/** Write `plan` to the folder `dir`, one shard per line. */
export async function writePlan(dir: string, plan: Plan): Promise<string> {
  const path = join(resolve(dir), PLAN_FILE);
  const { shards, ...head } = plan;
  const lines = shards.map((shard) => canonicalJson(shard));
  await writeFileAtomic(path, `${canonicalJson(head).slice(0, -1)},"shards":[\n${lines.join(",\n")}\n]}\n`);
  return path;
}

/** The plan in `dir`. NotFoundError where there is none, CacheError where it is none of ours. */
export async function readPlan(dir: string): Promise<Plan> {
  const path = join(resolve(dir), PLAN_FILE);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new NotFoundError(`no plan at ${path}; make one with: ictal shard plan, or ictal slurm`, path, {
      cause: error,
    });
  });
  const parsed = planSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new CacheError(`${path}: not a plan of this version; plan again`, { found: parsed.error.issues[0]?.message });
}

/** JSON of `text`; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
