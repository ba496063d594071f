import { join, resolve } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { ConfigError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import type { Plan } from "../plan.js";
import { shellJoin } from "../shell-quote.js";
import { readStates } from "../state.js";
import { isOneLine, type ScriptInput, type SlurmOptions } from "./options.js";
import { readRecord, writeRecord } from "./record.js";
import { type SbatchCall, sbatchArgs, sbatchCalls } from "./sbatch-args.js";
import { arrayScript, chainScript, finaliseScript, retryScript, sbatchPath } from "./script.js";
import { checkPartition, maxArraySize, queuedJobs, type SlurmCallOptions, slurmTool } from "./tools.js";

/** Slurm's default; taken where no cluster can be asked. */
const DEFAULT_MAX_ARRAY_SIZE = 1001;

/** What was, or with `dryRun` would be, submitted. */
export interface SubmitReport {
  readonly dir: string;
  readonly shards: number;
  /** Shards that are done by their receipts. */
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
  readonly dryRun?: boolean | undefined;
  /** Rounds of retries left. @default those of the options */
  readonly retriesLeft?: number | undefined;
  /** Submit a job that reports the failure when no retry is left. */
  readonly reportsFailure?: boolean | undefined;
  /** Id of the job that calls this, which is not counted as running. */
  readonly byJob?: string | undefined;
  /** Ends what is asked of Slurm; jobs that were submitted stay, recorded. */
  readonly signal?: AbortSignal | undefined;
}

async function writeScripts(input: ScriptInput): Promise<string[]> {
  await makeFolder(join(input.dir, "logs")); // Slurm fails a job whose log has no folder
  const texts =
    input.kind === "train"
      ? { "task.sh": chainScript(input) }
      : { "task.sh": arrayScript(input), "finalise.sh": finaliseScript(input), "retry.sh": retryScript(input) };
  const scripts = Object.entries(texts).map(([name, text]) => ({ path: join(input.dir, name), text }));
  for (const { path, text } of scripts) await writeFileAtomic(path, text);
  return scripts.map(({ path }) => path);
}

/** Submits `calls` in order and reports each job id; a failure leaves the jobs before it in the queue. */
async function submitAll(
  calls: readonly SbatchCall[],
  onJob: (id: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const arrays: string[] = [];
  for (const call of calls) {
    signal?.throwIfAborted(); // between calls: a submission that was cut short could leave a job that nobody recorded
    const output = await slurmTool("sbatch", ["--parsable", ...sbatchArgs(call, arrays)]);
    const [id = ""] = output.trim().split(";");
    if (call.array) arrays.push(id);
    await onJob(id);
  }
}

async function refuseWhileQueued(
  dir: string,
  byJob: string | undefined,
  options: SlurmCallOptions = {},
): Promise<string[]> {
  const before = await readRecord(dir).catch(() => undefined);
  if (!before) return [];
  const busy = (await queuedJobs(before.jobs, options)).filter(({ id }) => id !== byJob).map(({ id }) => id);
  if (busy.length === 0) return before.jobs;
  throw new ConfigError(
    `jobs ${busy.slice(0, 5).join(", ")} of ${dir} are in the queue; wait for them, or cancel them: scancel ${busy[0]}`,
    { key: "dir", value: dir },
  );
}

/** Throws while jobs of the plan in `dir` are in the queue: their plan must not change under them. */
export async function refuseBusy(dir: string, options: SlurmCallOptions = {}): Promise<void> {
  await refuseWhileQueued(resolve(dir), undefined, options);
}

/**
 * Write the scripts of the plan in `dir` and submit its shards that are not done as arrays, then the job that finalises
 * once all succeeded and the one that retries once some failed. Throws a ConfigError where Slurm or the partition is
 * missing and while earlier jobs of the plan are in the queue.
 */
export async function submitPlan(dir: string, plan: Plan, submit: SubmitOptions): Promise<SubmitReport> {
  const { options, ictal, signal, reportsFailure = false, dryRun = false, retriesLeft = options.retries } = submit;
  sbatchPath(resolve(dir)); // refuses what no script can name, before anything is written or asked
  for (const line of options.extra)
    if (!isOneLine(line)) throw new RangeError(`invalid extra: ${JSON.stringify(line)}; expected one line`);
  const input: ScriptInput = { dir: resolve(dir), kind: plan.kind, shards: plan.shards.length, ictal, options };
  if (!dryRun) await checkPartition(options.partition, { signal });
  const before = dryRun ? [] : await refuseWhileQueued(input.dir, submit.byJob, { signal });
  const states = await readStates(input.dir, plan, () => false);
  const open = states.filter(({ state }) => state !== "done").map(({ shard }) => shard);
  const size = dryRun ? DEFAULT_MAX_ARRAY_SIZE : await maxArraySize({ signal });
  const calls = sbatchCalls(input, open, size, retriesLeft > 0 || reportsFailure);
  const scripts = await writeScripts(input);
  const jobs: string[] = [];
  const record = (id: string) => {
    jobs.push(id);
    return writeRecord(input.dir, { options, jobs: [...before, ...jobs], retriesLeft });
  };
  if (!dryRun) await submitAll(calls, record, signal);
  const commands = calls.map((call) => shellJoin(["sbatch", "--parsable", ...sbatchArgs(call, ["JOB"])]));
  const done = plan.shards.length - open.length;
  return { dir: input.dir, shards: plan.shards.length, done, submitted: open.length, scripts, commands, jobs };
}
