import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { parseCount } from "@ictal/base/flags";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify, printable } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import type { Command } from "commander";
import { finalisePlan } from "../cluster/finalise.js";
import { type Plan, type PlanKind, readPlan } from "../cluster/plan.js";
import { checkVerbs } from "../cluster/plans.js";
import { runPool } from "../cluster/pool.js";
import { shardIndexFrom } from "../cluster/shard-index.js";
import { type Receipt, readStates } from "../cluster/state.js";
import { describeStates, runsHere } from "../cluster/status.js";
import { runTask } from "../cluster/task.js";
import { type RunWatch, watchRun } from "../cluster/watch/run-watch.js";
import { parseShard, type Shard } from "./data-options.js";
import { planFromFlags } from "./plan-flags.js";
import { addPlanOptions, KINDS, type PlanFlags } from "./plan-options.js";
import { watched } from "./watched.js";

/** Program and first arguments that run commands of this build. */
export const ICTAL: readonly string[] = [process.execPath, fileURLToPath(new URL("./main.js", import.meta.url))];

const HELP = `
A plan is a folder with plan.json, a receipt per finished shard and a progress file per running shard. A shard with a receipt
is not run again. The index of a task comes from --shard, or from SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or
AWS_BATCH_JOB_ARRAY_INDEX. Exit codes of a task: 0 done, now or earlier; 1 failed; 2 usage error; 130 interrupted (run it again
to resume).

Examples:
  ictal shard plan cache --config configs/smoke_test.yaml --array 4 --dir results/shards/smoke
  ictal shard task --plan results/shards/smoke --shard 0/4
  ictal shard run --plan results/shards/smoke --jobs 2`;

/** Adds `shard plan|task|run|finalise|status`. */
export function addShardCommand(program: Command): void {
  const shard = program.command("shard").description("split work into tasks (shards) for any scheduler");
  shard.addHelpText("after", HELP);
  const plan = shard.command("plan").description("write a plan");
  for (const [kind, text] of Object.entries(KINDS) as [PlanKind, string][])
    addPlanOptions(plan.command(kind).description(text), kind).action(
      action((flags: PlanFlags) => writeAPlan(kind, flags)),
    );
  const withPlan = (name: string) =>
    shard
      .command(name)
      .requiredOption("--plan <folder>", "folder of the plan")
      .option("--json", "print one JSON document");
  withPlan("task")
    .description("run one shard unless it is done")
    .option("--shard <i/n>", "part i (from 0) of n", parseShard)
    .action(action(task));
  withPlan("run")
    .description("run all shards on this machine, then finalise the plan")
    .option("--jobs <n>", "concurrent shards", parseCount(1), 1)
    .option("--retries <n>", "number of retries of a failed shard", parseCount(0), 1)
    .option("--wait <seconds>", "delay before a retry, doubled each time", parseCount(0, 600), 5)
    .action(action(watched("shard run", run)));
  withPlan("finalise")
    .description("run the last commands of the plan once all shards are done")
    .action(action(watched("shard finalise", finalise)));
  withPlan("status")
    .description("print the state of the shards, rates and the last lines of failed shards")
    .action(action(status));
}

interface FolderFlags {
  readonly plan: string;
}

async function writeAPlan(kind: PlanKind, flags: PlanFlags): Promise<Outcome> {
  const { dir, plan } = await planFromFlags(kind, flags);
  const text = `${plan.shards.length} shards of ${plan.items} items\nrun them: ictal shard run --plan ${dir}`;
  return { json: { dir, hash: plan.hash, kind, shards: plan.shards.length, items: plan.items }, text };
}

/** The plan in `dir`, whose commands are those of its kind. */
async function readOwnPlan(dir: string): Promise<Plan> {
  const plan = await readPlan(dir);
  checkVerbs(plan);
  return plan;
}

async function task({ plan: dir, shard }: FolderFlags & { shard?: Shard }): Promise<Outcome> {
  const plan = await readOwnPlan(dir);
  const count = plan.shards.length;
  if (shard && shard.count !== count)
    throw new UsageError(`invalid --shard ${shard.index}/${shard.count}: the plan has ${count} shards`);
  const index = shard?.index ?? shardIndexFrom(process.env, count);
  const { receipt, skipped } = await withInterrupt(
    "finished work is kept; run the same task again to resume",
    (signal) => runTask(dir, plan, index, { ictal: ICTAL, tee: process.stderr, signal }),
  );
  if (plan.kind === "train" && receipt.state === "failed") await reportFailure(plan.kind, dir, receipt);
  const how = skipped ? "was done already" : `${receipt.state} in ${receipt.seconds.toFixed(1)} s`;
  return { json: { ...receipt, skipped }, text: `shard ${index}/${count} ${how}`, exitCode: receipt.exitCode };
}

/** A training has no job after it that could report the failure; failed shards of other plans are reported by their retries. */
async function reportFailure(kind: PlanKind, dir: string, { exitCode, lastLines, results }: Receipt): Promise<void> {
  const watch = watchRun(kind);
  await watch.begin(basename(resolve(dir)));
  const message = lastLines.at(-1);
  await watch.end({ exitCode, ...(message !== undefined && { message }), result: results.at(-1) });
}

interface RunFlags extends FolderFlags {
  readonly jobs: number;
  readonly retries: number;
  readonly wait: number;
}

async function run(watch: RunWatch, { plan: dir, jobs, retries, wait }: RunFlags): Promise<Outcome> {
  const plan = await readOwnPlan(dir);
  await watch.begin(basename(resolve(dir)), { path: dir });
  const progress = watch.follow(createProgress());
  let done = 0;
  const report = await withInterrupt("finished work is kept; run the same command again to resume", (signal) =>
    runPool(dir, plan, {
      ictal: ICTAL,
      jobs,
      retries,
      retryWaitSeconds: wait,
      signal,
      onFault: (shard, message) => notify(`\nshard ${shard}: ${printable(message)}`),
      onEnd: ({ shard, state, lastLines }) => {
        if (state === "done") done += 1;
        else notify(`\nshard ${shard} ${state}: ${printable(lastLines.at(-1) ?? "")}`);
        progress.update({ label: plan.kind, done, total: plan.shards.length, unit: "shards" });
      },
    }),
  ).finally(() => progress.finish());
  const { failed, skipped, shards } = report;
  const text = [
    `${report.done} of ${shards} shards done, ${skipped} of them earlier`,
    ...(failed.length > 0 ? [`failed: ${failed.join(", ")}; see: ictal shard status --plan ${dir}`] : []),
    ...(report.finalised ? [`result ${resolve(dir, "result.json")}`] : []),
    ...(report.finalised?.table ? [`table ${report.finalised.table}`] : []),
  ];
  return { json: report, text: text.join("\n"), exitCode: failed.length > 0 ? 1 : (report.finalised?.exitCode ?? 0) };
}

async function finalise(watch: RunWatch, { plan: dir }: FolderFlags): Promise<Outcome> {
  const plan = await readOwnPlan(dir);
  await watch.begin(basename(resolve(dir)));
  const report = await withInterrupt("finished shards are kept; run finalise again", (signal) =>
    finalisePlan(dir, plan, { ictal: ICTAL, tee: process.stderr, signal }),
  );
  const text = `${report.shards} shards, ${report.items} items\nresult ${resolve(dir, "result.json")}`;
  return { json: report, text: report.table ? `${text}\ntable ${report.table}` : text, exitCode: report.exitCode };
}

async function status({ plan: dir }: FolderFlags): Promise<Outcome> {
  const plan = await readPlan(dir);
  const found = describeStates(plan, await readStates(resolve(dir), plan, runsHere));
  return { json: found.json, text: found.text };
}
