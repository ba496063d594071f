/** Record of the submitted jobs of a plan, stored in its folder. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { NotFoundError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../plan.js";
import { slurmOptionsSchema } from "./options.js";

const recordSchema = z.object({
  options: slurmOptionsSchema,
  /** Ids of every job that was submitted, the newest last. */
  jobs: z.array(z.string()),
  retriesLeft: z.number().int(),
});

/** What was submitted for a plan. */
export type SlurmRecord = z.infer<typeof recordSchema>;

/** File to which the jobs of a training add the id of the next. */
export const CHAIN_FILE = "chain.txt";

function recordPath(dir: string): string {
  return join(resolve(dir), "slurm.json");
}

/** What was submitted for the plan in `dir`, the jobs that a training chained included. NotFoundError when nothing was. */
export async function readRecord(dir: string): Promise<SlurmRecord> {
  const path = recordPath(dir);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new NotFoundError(`nothing was submitted from ${resolve(dir)}; expected ${path}`, path, { cause: error });
  });
  const parsed = recordSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new NotFoundError(`${path} is damaged; submit again`, path);
  const chained = await readFile(join(resolve(dir), CHAIN_FILE), "utf8").catch(() => "");
  return { ...parsed.data, jobs: [...parsed.data.jobs, ...chained.split("\n").flatMap((line) => line.trim() || [])] };
}

/** Keep `record` for the plan in `dir`. */
export function writeRecord(dir: string, record: SlurmRecord): Promise<void> {
  return writeFileAtomic(recordPath(dir), `${JSON.stringify(record, null, 2)}\n`);
}
