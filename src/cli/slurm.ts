import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { isIctalError } from "@ictal/base/errors";
import { collect, parseCount } from "@ictal/base/flags";
import { withInterrupt } from "@ictal/base/interrupt";
import type { Command } from "commander";
import { formatIndices } from "../cluster/indices.js";
import { type Plan, type PlanKind, readPlan } from "../cluster/plan.js";
import { timeLimitSeconds } from "../cluster/slurm/limits.js";
import { isOneLine, ONE_WORD, type SlurmOptions } from "../cluster/slurm/options.js";
import { readRecord } from "../cluster/slurm/record.js";
import { sbatchPath } from "../cluster/slurm/script.js";
import { refuseBusy, type SubmitReport, submitPlan } from "../cluster/slurm/submit.js";
import { type QueuedJob, queuedJobs, slurmTool } from "../cluster/slurm/tools.js";
import { readStates, type ShardState } from "../cluster/state.js";
import { describeStates, runsHere } from "../cluster/status.js";
import { watchRun } from "../cluster/watch/run-watch.js";
import { webhookAddress } from "../cluster/watch/webhook.js";
import { folderOf, planFromFlags } from "./plan-flags.js";
import { addPlanOptions, KINDS, type PlanFlags } from "./plan-options.js";
import { ICTAL } from "./shard.js";

interface SlurmFlags extends PlanFlags {
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly gpus?: string;
  readonly cpus?: number;
  readonly mem?: string;
  readonly time?: string;
  readonly throttle?: number;
  readonly warn: number;
  readonly sbatch?: string[];
  readonly retries: number;
  readonly dryRun?: boolean;
}

const HELP = `
The folder of the plan must be on a file system shared by all nodes. Submitting again submits only shards that are not done.

Examples:
  ictal slurm cache --config configs/tusz_train_a100.yaml --array 64 --partition cpu --cpus 4 --time 2:00:00
  ictal slurm train --config configs/tusz_train_a100.yaml --partition gpu --gpus 1 --time 24:00:00
  ictal slurm status results/shards/cache-tusz_train_a100`;

/** Adds `slurm cache|check|predict|score|train|sweep|status|retry`. */
export function addSlurmCommand(program: Command): void {
  const slurm = program.command("slurm").description("run work as jobs on a Slurm cluster").addHelpText("after", HELP);
  for (const [kind, text] of Object.entries(KINDS) as [PlanKind, string][])
    addJobOptions(addPlanOptions(slurm.command(kind).description(text), kind)).action(
      action((flags: SlurmFlags) => submit(kind, flags)),
    );
  slurm
    .command("status")
    .description("print the state of the shards, rates, queued jobs and the last lines of failed shards")
    .argument("<folder>", "folder of the plan")
    .option("--json", "print one JSON document")
    .action(action(status));
  slurm
    .command("retry")
    .description("submit the shards that are not done again")
    .requiredOption("--plan <folder>", "folder of the plan")
    .option("--by-job", "used by the job that follows a failure: counts as one of the retries")
    .option("--json", "print one JSON document")
    .action(action(retry));
}

function addJobOptions(command: Command): Command {
  return command
    .option("--partition <name>", "partition of the jobs")
    .option("--account <name>", "account that is charged")
    .option("--qos <name>", "quality of service")
    .option("--gpus <n>", "GPUs per task, e.g. 1 or a100:1")
    .option("--cpus <n>", "CPU cores per task", parseCount(1))
    .option("--mem <size>", "memory per task, e.g. 8G")
    .option("--time <limit>", "time limit of a task, e.g. 24:00:00")
    .option("--throttle <n>", "concurrent tasks", parseCount(1))
    .option(
      "--warn <seconds>",
      "time before the limit at which a task is signalled to save its state",
      parseCount(1, 65535),
      120,
    )
    .option("--sbatch <line>", "additional #SBATCH line; repeatable", collect)
    .option("--retries <n>", "number of times that failed shards are submitted again", parseCount(0), 1)
    .option("--dry-run", "write the scripts and print what would be submitted; needs no Slurm");
}

function optionsOf(flags: SlurmFlags): SlurmOptions {
  const { partition, account, qos, gpus, cpus, mem, time, throttle, warn, sbatch = [], retries } = flags;
  const given = { partition, account, qos, gpus, cpus, memory: mem, time, throttle };
  for (const [name, value] of Object.entries(given))
    if (typeof value === "string" && !ONE_WORD.test(value))
      throw new UsageError(`invalid --${name === "memory" ? "mem" : name} ${JSON.stringify(value)}: expected one word`);
  const seconds = time === undefined ? Number.POSITIVE_INFINITY : timeLimitSeconds(time);
  if (seconds === undefined)
    throw new UsageError(
      `invalid --time ${time}: expected minutes, hours:minutes:seconds or days-hours, e.g. 24:00:00`,
    );
  if (seconds <= warn)
    throw new UsageError(
      `invalid --warn ${warn}: a task of --time ${time} (${seconds} s) would be signalled at its start; expected less`,
    );
  if (mem !== undefined && !/^\d+[KMGT]?$/i.test(mem))
    throw new UsageError(`invalid --mem ${mem}: expected a size such as 8G or 16000M`);
  for (const line of sbatch)
    if (!isOneLine(line)) throw new UsageError(`invalid --sbatch ${JSON.stringify(line)}: expected one line`);
  return { ...given, warnSeconds: warn, extra: sbatch, retries };
}

/** A folder name that a script cannot contain is refused before the plan is written. */
function checkFolder(dir: string): void {
  try {
    sbatchPath(dir);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message.replace("invalid dir", "invalid --dir")) : error;
  }
}

/** A dry run on a machine without the corpus: what it needs, too. */
function explainDryRun(error: unknown, { dryRun }: SlurmFlags): never {
  if (!dryRun || !isIctalError(error, "NotFoundError")) throw error;
  throw new UsageError(
    `${error.message}; a dry run reads the recordings' names or the cache, too: give --data-dir or --cache-dir of this machine`,
  );
}

const SUBMITTED_STAY = "jobs that were submitted stay in the queue";

async function submit(kind: PlanKind, flags: SlurmFlags): Promise<Outcome> {
  const options = optionsOf(flags);
  checkFolder(folderOf(kind, flags));
  if (!flags.dryRun) {
    await slurmTool("sbatch", ["--version"]);
    await refuseBusy(folderOf(kind, flags));
  }
  const { dir, plan } = await planFromFlags(kind, flags).catch((error: unknown) => explainDryRun(error, flags));
  const reportsFailure = webhookAddress(process.env) !== undefined;
  const submission = { ictal: ICTAL, options, reportsFailure, dryRun: flags.dryRun };
  const report = await withInterrupt(SUBMITTED_STAY, (signal) => submitPlan(dir, plan, { ...submission, signal }));
  return { json: report, text: await submitText(report, flags.dryRun ?? false) };
}

async function submitText(report: SubmitReport, dryRun: boolean): Promise<string> {
  const { dir, shards, done, submitted, scripts, commands, jobs } = report;
  const head = `${submitted} of ${shards} shards ${dryRun ? "would be " : ""}submitted, ${done} done earlier`;
  if (!dryRun) return [head, `jobs ${jobs.join(", ")}`, `see: ictal slurm status ${dir}`].join("\n");
  const texts = await Promise.all(scripts.map(async (path) => `\n# ${path}\n${await readFile(path, "utf8")}`));
  return [head, ...texts, ...commands].join("\n");
}

async function status(folder: string): Promise<Outcome> {
  const dir = resolve(folder);
  const plan = await readPlan(dir);
  const { jobs } = await readRecord(dir);
  const queue = await queuedJobs(jobs);
  const running = new Set(queue.filter(({ state }) => state === "RUNNING").map(({ id }) => id));
  const states = await readStates(dir, plan, (progress) =>
    progress.job === undefined ? runsHere(progress) : running.has(progress.job),
  );
  const found = describeStates(plan, states);
  return { json: { ...found.json, jobs, queue }, text: [found.text, ...queueLines(queue)].join("\n") };
}

function queueLines(queue: readonly QueuedJob[]): string[] {
  return queue.map(({ id, state, reason }) => `job ${id} ${state}${state === "PENDING" ? ` (${reason})` : ""}`);
}

/** No retry is left: the webhook is called, and the job fails like its shards. */
async function reportFailures(dir: string, plan: Plan, states: readonly ShardState[]): Promise<Outcome> {
  const { json, text } = describeStates(plan, states);
  const undone = states.flatMap(({ shard, state }) => (state === "done" ? [] : [shard]));
  const message = `${undone.length} of ${plan.shards.length} shards are not done: ${formatIndices(undone)}; see: ictal slurm status ${resolve(dir)}`;
  const watch = watchRun(`slurm ${plan.kind}`);
  await watch.begin(basename(resolve(dir)));
  await watch.end({ exitCode: 1, message, result: json.counts });
  return { json, text: `${text}\n${message}`, exitCode: 1 };
}

async function retry({ plan: dir, byJob }: { plan: string; byJob?: boolean }): Promise<Outcome> {
  const plan = await readPlan(dir);
  const { options, retriesLeft } = await readRecord(dir);
  const states = await readStates(resolve(dir), plan, () => false);
  const isOnlyInterrupted = states.every(({ state }) => state === "done" || state === "interrupted");
  const left = byJob ? retriesLeft - (isOnlyInterrupted ? 0 : 1) : options.retries;
  if (byJob && left < 0) return reportFailures(dir, plan, states);
  const id = process.env.SLURM_JOB_ID;
  const reportsFailure = webhookAddress(process.env) !== undefined;
  const more = { retriesLeft: left, ...(byJob && id ? { byJob: id } : {}) };
  const submission = { ictal: ICTAL, options, reportsFailure, ...more };
  const report = await withInterrupt(SUBMITTED_STAY, (signal) => submitPlan(dir, plan, { ...submission, signal }));
  return { json: report, text: await submitText(report, false) };
}
