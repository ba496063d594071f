import { readdir, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { isIctalError } from "@ictal/base/errors";
import { parseCount } from "@ictal/base/flags";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify, printable } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import type { Command } from "commander";
import { PLAN_FILE, type Plan, readPlan, writePlan } from "../cluster/plan.js";
import { runPool } from "../cluster/pool.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { buildAcceptOption } from "./accept-option.js";
import { limitedManifest } from "./configured-manifest.js";
import { configuredFolds, crossvalPlan, foldCount } from "./crossval-plan.js";
import { crossvalText, reportCrossval } from "./crossval-report.js";
import { addDataOptions, configOf, type DataFlags } from "./data-options.js";
import { addFoldOptions, type FoldFlags } from "./fold-options.js";
import { freezeConfig } from "./freeze-config.js";
import { withCache } from "./ready-cache.js";
import { ICTAL } from "./shard.js";
import { splitCheck } from "./split-check.js";
import { watched } from "./watched.js";

interface CrossvalFlags extends Omit<DataFlags, "fold" | "splits">, FoldFlags {
  readonly out: string;
  readonly jobs: number;
  readonly retries: number;
  readonly replace?: boolean;
  readonly reportOnly?: boolean;
  readonly accept?: readonly string[];
}

/** Configuration of the flags with a fold in place, so that what is wrong with the folds is told before a cache is built. */
async function foldedConfig(flags: CrossvalFlags, out: string) {
  const own = { ...flags, folds: undefined };
  const loaded = await configOf(own, ["cacheDir"]);
  const folds = foldCount(loaded.config, flags);
  const found = await freezeConfig(loaded, own, out);
  const split = { ...found.config.data.split, by: "folds" as const, folds: folds ?? 2, fold: 0 }; // a fold per patient needs two
  return { ...found, config: { ...found.config, data: { ...found.config.data, split } } };
}

/** Removes the runs of an earlier cross-validation. */
async function removeRuns(out: string): Promise<void> {
  const names = await readdir(out).catch(() => []);
  const own = names.filter((name) => /^seed--?\d+$/.test(name) || name === "shards" || name === PLAN_FILE);
  for (const name of own) await rm(join(out, name), { recursive: true });
}

/** Refuses a folder that holds folds of other options or data; more seeds of the same folds are fine. */
async function refuseOther(out: string, plan: Plan): Promise<void> {
  const before = await readPlan(out).catch((error: unknown) => {
    if (isIctalError(error, "NotFoundError")) return undefined;
    throw error;
  });
  const shared = Math.min(before?.shards.length ?? 0, plan.shards.length);
  const isSame = before?.shards.slice(0, shared).every(({ hash }, i) => hash === plan.shards[i]?.hash) ?? true;
  if (isSame && (before === undefined || before.kind === plan.kind)) return;
  throw new UsageError(
    `${out} holds a cross-validation with other options, folds or recordings; choose another --out, or --replace it`,
  );
}

async function crossval(watch: RunWatch, flags: CrossvalFlags): Promise<Outcome> {
  const out = resolve(flags.out);
  if (flags.reportOnly) return reportOnly(flags, out);
  const found = await foldedConfig(flags, out);
  await watch.begin(basename(out), { path: out });
  return withInterrupt("finished folds are kept; run the same command again to continue", async (signal) => {
    const check = splitCheck(found.config, {
      verb: "crossval",
      folds: flags.leaveOnePatientOut ? undefined : found.config.data.split.folds,
    });
    const how = { signal, watch, check, accept: flags.accept };
    const { limited } = await withCache(found, () => manifestOf(found), how);
    const { plan, seeds, folds } = await crossvalPlan(found, limited, { ...flags, out, check });
    if (flags.replace) await removeRuns(out);
    else await refuseOther(out, plan);
    await writePlan(out, plan, { signal });
    notify(`ictal: ${folds.length} folds of ${seeds.length === 1 ? "one seed" : `${seeds.length} seeds`}, in ${out}`);
    const report = await runFolds(out, plan, flags, watch, signal);
    if (!report.finalised)
      return {
        json: report,
        text: `${report.failed.length} of ${report.shards} folds failed; see: ictal shard status --plan ${out}`,
        exitCode: 1,
      };
    const [json] = report.finalised.results;
    return { json, text: crossvalText(json), exitCode: report.finalised.exitCode };
  });
}

async function manifestOf(found: Parameters<typeof limitedManifest>[0]) {
  const { limited } = await limitedManifest(found);
  return { manifest: limited, limited };
}

function runFolds(out: string, plan: Plan, { jobs, retries }: CrossvalFlags, watch: RunWatch, signal: AbortSignal) {
  const progress = watch.follow(createProgress());
  let done = 0;
  const running = runPool(out, plan, {
    ictal: ICTAL,
    ...{ jobs, retries, retryWaitSeconds: 5, signal },
    onFault: (shard, message) => notify(`\nfold task ${shard}: ${printable(message)}`),
    onEnd: ({ shard, state, lastLines }) => {
      if (state === "done") done += 1;
      else notify(`\nfold task ${shard} ${state}: ${printable(lastLines.at(-1) ?? "")}`);
      progress.update({ label: "crossval", done, total: plan.shards.length, unit: "folds" });
    },
  });
  return running.finally(() => progress.finish());
}

/** The scores and the report of folds that are done. */
async function reportOnly(flags: CrossvalFlags, out: string): Promise<Outcome> {
  const found = await configOf({ ...flags, folds: undefined }, ["cacheDir"]);
  const { limited } = await limitedManifest(found);
  const { folds, seeds } = await configuredFolds(found.config, limited, flags);
  return withInterrupt("nothing was changed", async (signal) => {
    const json = await reportCrossval({ config: found.config, folds, seeds, out, calibrate: flags.calibrate, signal });
    return { json, text: crossvalText(json) };
  });
}

const HELP = `
Each fold is trained on the other patients, of whom a share (data.split.dev, or data.validation_split) is kept apart as dev: the epoch is
the one with the best training.early_stopping.metric on dev, the threshold that of the highest event F1 on dev. The patients of the
fold are predicted once, by that epoch, and scored at that threshold. With --calibrate their probabilities are corrected first, by a
temperature and a shift that the fold's dev patients fit; the report gives their calibration error before and after. Patients of the corpus's own eval split are in no fold.
One cache serves all folds. Where it has to be built, headers and annotations are read first: a training part without a seizure, recordings
that lack channels and annotations with errors are refused before the work (--accept for the last two). Finished folds are kept in --out: the same command continues after an interruption, and --seeds can be raised.
"ictal slurm crossval" runs the folds as jobs.

Examples:
  ictal crossval --config configs/real_newborns.yaml --folds 3 --out results/newborns
  ictal crossval --config configs/real_newborns.yaml --folds 3 --calibrate --report-only --out results/newborns
  ictal crossval --config configs/real_newborns.yaml --leave-one-patient-out --jobs 2 --out results/newborns-lopo`;

/** Adds `ictal crossval`. */
export function addCrossvalCommand(program: Command): void {
  const command = addDataOptions(program.command("crossval"), ["cacheDir"])
    .description("cross-validate by patient: train each fold, score every patient by the detector that never saw them")
    .requiredOption("--out <dir>", "folder of the runs, their predictions and report.html");
  addFoldOptions(command)
    .option("--jobs <n>", "folds at a time", parseCount(1), 1)
    .option("--retries <n>", "number of retries of a failed fold", parseCount(0), 1)
    .option("--replace", "delete an earlier cross-validation in --out and start again")
    .option("--report-only", "score the folds that --out holds and write the report again; nothing is trained")
    .addOption(buildAcceptOption())
    .addHelpText("after", HELP)
    .action(action(watched("crossval", crossval)));
}
