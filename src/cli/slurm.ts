import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { collect, parseCount } from "@ictal/base/flags";
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
import { addPlanOptions, folderOf, KINDS, type PlanFlags, planFromFlags } from "./plan-flags.js";
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
The folder of the plan must lie on a disk that every node sees. Submitting again submits only what is not done.

Examples:
  ictal slurm cache --config configs/tusz_train_a100.yaml --array 64 --partition cpu --cpus 4 --time 2:00:00
  ictal slurm train --config configs/tusz_train_a100.yaml --partition gpu --gpus 1 --time 24:00:00
  ictal slurm status results/shards/cache-tusz_train_a100`;

/** Adds `slurm cache|check|predict|score|train|sweep|status|retry`. */
export function addSlurmCommand(program: Command): void {
  const slurm = program.command("slurm").description("run work as jobs of a Slurm cluster").addHelpText("after", HELP);
  for (const [kind, text] of Object.entries(KINDS) as [PlanKind, string][])
    addJobOptions(addPlanOptions(slurm.command(kind).description(text), kind)).action(
      action((flags: SlurmFlags) => submit(kind, flags)),
    );
  slurm
    .command("status")
    .description("shards, rates, jobs in the queue, last lines of failures")
    .argument("<folder>", "folder of the plan")
    .option("--json", "print one JSON document")
    .action(action(status));
  slurm
    .command("retry")
    .description("submit the shards that are not done once more")
    .requiredOption("--plan <folder>", "folder of the plan")
    .option("--by-job", "asked by the job that follows a failure: counts as one of the retries")
    .option("--json", "print one JSON document")
    .action(action(retry));
}

function addJobOptions(command: Command): Command {
  return command
    .option("--partition <name>", "where the jobs run")
    .option("--account <name>", "who pays")
    .option("--qos <name>", "quality of service")
    .option("--gpus <n>", "GPUs of a task, e.g. 1 or a100:1")
    .option("--cpus <n>", "cores of a task", parseCount(1))
    .option("--mem <size>", "memory of a task, e.g. 8G")
    .option("--time <limit>", "limit of a task, e.g. 24:00:00")
    .option("--throttle <n>", "tasks at a time", parseCount(1))
    .option("--warn <seconds>", "how long before the limit a task saves its state", parseCount(1, 65535), 120)
    .option("--sbatch <line>", "a further line for #SBATCH as it is; repeatable", collect)
    .option("--retries <n>", "rounds in which failed shards are submitted again", parseCount(0), 1)
    .option("--dry-run", "write the scripts, print what would be submitted; needs no Slurm");
}

function optionsOf(flags: SlurmFlags): SlurmOptions {
  const { partition, account, qos, gpus, cpus, mem, time, throttle, warn, sbatch = [], retries } = flags;
  const given = { partition, account, qos, gpus, cpus, memory: mem, time, throttle };
  for (const [name, value] of Object.entries(given))
    if (typeof value === "string" && !ONE_WORD.test(value))
      throw new UsageError(
        `invalid --${name === "memory" ? "mem" : name} ${JSON.stringify(value)}: one word is allowed`,
      );
  const seconds = time === undefined ? Number.POSITIVE_INFINITY : timeLimitSeconds(time);
  if (seconds === undefined)
    throw new UsageError(
      `invalid --time ${time}: expected minutes, hours:minutes:seconds or days-hours, e.g. 24:00:00`,
    );
  if (seconds <= warn)
    throw new UsageError(`invalid --warn ${warn}: a task of --time ${time} (${seconds} s) would stop as it starts`);
  if (mem !== undefined && !/^\d+[KMGT]?$/i.test(mem))
    throw new UsageError(`invalid --mem ${mem}: expected a size such as 8G or 16000M`);
  for (const line of sbatch)
    if (!isOneLine(line)) throw new UsageError(`invalid --sbatch ${JSON.stringify(line)}: one line is allowed`);
  return { ...given, warnSeconds: warn, extra: sbatch, retries };
}

/** What no script can name is refused before the plan is written. */
function checkFolder(dir: string): void {
  try {
    sbatchPath(dir);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message.replace("invalid dir", "invalid --dir")) : error;
  }
}

async function submit(kind: PlanKind, flags: SlurmFlags): Promise<Outcome> {
  const options = optionsOf(flags);
  checkFolder(folderOf(kind, flags));
  if (!flags.dryRun) {
    await slurmTool("sbatch", ["--version"]);
    await refuseBusy(folderOf(kind, flags));
  }
  const { dir, plan } = await planFromFlags(kind, flags);
  const reportsFailure = webhookAddress(process.env) !== undefined;
  const report = await submitPlan(dir, plan, { ictal: ICTAL, options, reportsFailure, dryRun: flags.dryRun });
  return { json: report, text: await submitText(report, flags.dryRun ?? false) };
}

async function submitText(report: SubmitReport, dryRun: boolean): Promise<string> {
  const { dir, shards, done, submitted, scripts, commands, jobs } = report;
  const head = `${submitted} of ${shards} shards ${dryRun ? "would be " : ""}submitted, ${done} done before`;
  if (!dryRun) return [head, `jobs ${jobs.join(", ")}`, `look: ictal slurm status ${dir}`].join("\n");
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

/** No retry is left: the webhook is told, and the job fails as its shards did. */
async function tellFailures(dir: string, plan: Plan, states: readonly ShardState[]): Promise<Outcome> {
  const { json, text } = describeStates(plan, states);
  const undone = states.flatMap(({ shard, state }) => (state === "done" ? [] : [shard]));
  const message = `${undone.length} of ${plan.shards.length} shards are not done: ${formatIndices(undone)}; look: ictal slurm status ${resolve(dir)}`;
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
  if (byJob && left < 0) return tellFailures(dir, plan, states);
  const id = process.env.SLURM_JOB_ID;
  const reportsFailure = webhookAddress(process.env) !== undefined;
  const more = { retriesLeft: left, ...(byJob && id ? { byJob: id } : {}) };
  const report = await submitPlan(dir, plan, { ictal: ICTAL, options, reportsFailure, ...more });
  return { json: report, text: await submitText(report, false) };
}
