import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../base/atomic-file.js";
import { ConfigError, NotFoundError } from "../../base/errors.js";
import { arrayParts, formatIndices } from "../indices.js";
import { type Plan, parseJson } from "../plan.js";
import { readStates } from "../state.js";
import { type ScriptInput, type SlurmOptions, slurmOptionsSchema } from "./options.js";
import { arrayScript, chainScript, finaliseScript, retryScript, shellWord } from "./script.js";
import { checkPartition, maxArraySize, queuedJobs, slurmTool } from "./tools.js";

const recordSchema = z.object({
  options: slurmOptionsSchema,
  /** Ids of every job that was submitted, the newest last. */
  jobs: z.array(z.string()),
  retriesLeft: z.number().int(),
});

/** What was submitted for a plan. */
export type SlurmRecord = z.infer<typeof recordSchema>;

/** Slurm's default; taken where no cluster can be asked. */
const DEFAULT_MAX_ARRAY_SIZE = 1001;

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
  const chained = await readFile(join(resolve(dir), "chain.txt"), "utf8").catch(() => "");
  return { ...parsed.data, jobs: [...parsed.data.jobs, ...chained.split("\n").flatMap((line) => line.trim() || [])] };
}

/** One call of sbatch: its words; `{array}` stands for the ids of the arrays before it. */
interface Call {
  readonly words: readonly string[];
  readonly role: "array" | "finalise" | "retry";
}

/** What was, or with `dryRun` would be, submitted. */
export interface SubmitReport {
  readonly dir: string;
  readonly shards: number;
  /** Shards whose receipts say that they are done. */
  readonly done: number;
  readonly submitted: number;
  readonly scripts: readonly string[];
  /** Command lines; "JOB" stands for ids that are not known yet. */
  readonly commands: readonly string[];
  readonly jobs: readonly string[];
}

export interface SubmitOptions {
  readonly ictal: readonly string[];
  readonly options: SlurmOptions;
  /** Write the scripts, submit nothing; needs no Slurm. */
  readonly dryRun?: boolean;
  /** Rounds of retries left. @default those of the options */
  readonly retriesLeft?: number;
  /** Whether a job that only tells of the failure is to follow when no retry is left. */
  readonly tells?: boolean;
  /** Job that asks, which does not count as one at work. */
  readonly byJob?: string;
}

async function writeScripts(input: ScriptInput): Promise<string[]> {
  await mkdir(join(input.dir, "logs"), { recursive: true }); // Slurm fails a job whose log has no folder
  const texts: Record<string, string> =
    input.kind === "train"
      ? { "task.sh": chainScript(input) }
      : { "task.sh": arrayScript(input), "finalise.sh": finaliseScript(input), "retry.sh": retryScript(input) };
  const paths = Object.keys(texts).map((name) => join(input.dir, name));
  for (const path of paths) await writeFileAtomic(path, texts[path.slice(input.dir.length + 1)]!);
  return paths;
}

function callsFor(
  { dir, kind, options }: ScriptInput,
  shards: readonly number[],
  size: number,
  followsFailure: boolean,
): Call[] {
  const task = join(dir, "task.sh");
  if (kind === "train") return shards.length > 0 ? [{ words: [task], role: "array" }] : [];
  const limit = options.throttle ? `%${options.throttle}` : "";
  const arrays = arrayParts(shards, size).map(
    ({ offset, indices }): Call => ({
      words: [`--array=${formatIndices(indices)}${limit}`, task, String(offset)],
      role: "array",
    }),
  );
  const after = arrays.length > 0 ? ["--kill-on-invalid-dep=yes", "--dependency=afterok:{array}"] : [];
  const finalise: Call = { words: [...after, join(dir, "finalise.sh")], role: "finalise" };
  if (arrays.length === 0 || !followsFailure) return [...arrays, finalise];
  const failed = ["--kill-on-invalid-dep=yes", "--dependency=afternotok:{array}"];
  return [...arrays, finalise, { words: [...failed, join(dir, "retry.sh")], role: "retry" }];
}

/** With several arrays a retry follows when any of them failed. */
function fillIn(word: string, role: Call["role"], arrays: readonly string[]): string {
  const ids = arrays.length > 0 ? arrays : ["JOB"];
  if (role === "retry") return word.replace("afternotok:{array}", ids.map((id) => `afternotok:${id}`).join("?"));
  return word.replace("{array}", ids.join(":"));
}

async function submitAll(calls: readonly Call[], onJob: (id: string) => Promise<void>): Promise<string[]> {
  const arrays: string[] = [];
  const jobs: string[] = [];
  for (const { words, role } of calls) {
    const filled = words.map((word) => fillIn(word, role, arrays));
    const id = (await slurmTool("sbatch", ["--parsable", ...filled])).trim().split(";")[0]!;
    if (role === "array") arrays.push(id);
    jobs.push(id);
    await onJob(id);
  }
  return jobs;
}

async function refuseWhileAtWork(dir: string, byJob: string | undefined): Promise<string[]> {
  const before = await readRecord(dir).catch(() => undefined);
  if (!before) return [];
  const busy = (await queuedJobs(before.jobs)).filter(({ id }) => id !== byJob).map(({ id }) => id);
  if (busy.length === 0) return before.jobs;
  throw new ConfigError(
    `jobs ${busy.slice(0, 5).join(", ")} of ${dir} are in the queue; wait for them, or end them: scancel ${busy[0]}`,
    { key: "dir", value: dir },
  );
}

/** Throws while jobs of the plan in `dir` are in the queue: their plan must not change under them. */
export async function refuseBusy(dir: string): Promise<void> {
  await refuseWhileAtWork(resolve(dir), undefined);
}

/**
 * Write the scripts of the plan in `dir` and submit its shards that are not done as arrays, then the job that finalises
 * once all succeeded and the one that retries once some failed. Throws a ConfigError where Slurm or the partition is
 * missing and while earlier jobs of the plan are in the queue.
 */
export async function submitPlan(dir: string, plan: Plan, submit: SubmitOptions): Promise<SubmitReport> {
  const { options, ictal, tells = false, dryRun = false, retriesLeft = options.retries } = submit;
  const input: ScriptInput = { dir: resolve(dir), kind: plan.kind, shards: plan.shards.length, ictal, options };
  if (!dryRun) await checkPartition(options.partition);
  const before = dryRun ? [] : await refuseWhileAtWork(input.dir, submit.byJob);
  const states = await readStates(input.dir, plan, () => false);
  const open = states.filter(({ state }) => state !== "done").map(({ shard }) => shard);
  const size = dryRun ? DEFAULT_MAX_ARRAY_SIZE : await maxArraySize();
  const calls = callsFor(input, open, size, retriesLeft > 0 || tells);
  const scripts = await writeScripts(input);
  const jobs: string[] = [];
  const record = async (id: string) => {
    jobs.push(id);
    const text = JSON.stringify({ options, jobs: [...before, ...jobs], retriesLeft }, null, 2);
    await writeFileAtomic(recordPath(input.dir), `${text}\n`);
  };
  if (!dryRun) await submitAll(calls, record);
  const commands = calls.map(({ words, role }) =>
    ["sbatch", "--parsable", ...words.map((word) => fillIn(word, role, []))].map(shellWord).join(" "),
  );
  const done = plan.shards.length - open.length;
  return { dir: input.dir, shards: plan.shards.length, done, submitted: open.length, scripts, commands, jobs };
}
