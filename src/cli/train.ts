import { join } from "node:path";
import { action, type Outcome } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { parseCount } from "@ictal/base/flags";
import { listenForInterrupt } from "@ictal/base/interrupt";
import { makeFolder } from "@ictal/base/make-folder";
import { notify } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { type Command, InvalidArgumentError } from "commander";
import { projectRelative } from "../base/project.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { postprocessFromConfig } from "../config/layer-options.js";
import { type LookAhead, lookAheadFromConfig, lookAheadText } from "../config/look-ahead.js";
import { trainOptionsFromConfig } from "../config/train-options.js";
import { trainNotices } from "../dataset/split-check.js";
import { devMetrics } from "../scoring/dev-metrics.js";
import { listCheckpoints } from "../training/checkpoint-folder.js";
import { startTraining, type TrainingHandle } from "../training/handle.js";
import type { TrainReport } from "../training/run.js";
import { isHeldByOther } from "../training/run-lock.js";
import { buildAcceptOption } from "./accept-option.js";
import { configuredSplits } from "./configured-manifest.js";
import { addDataOptions, configOf, type DataFlags } from "./data-options.js";
import { expectedTime, overviewLines, STEPS_TO_TELL } from "./overview-lines.js";
import { residentMegabytes } from "./process-memory.js";
import { withCache } from "./ready-cache.js";
import { requireSameChannels } from "./same-channels.js";
import { splitCheck } from "./split-check.js";
import { addSplitOptions } from "./split-flags.js";
import { watched } from "./watched.js";

interface TrainFlags extends DataFlags {
  readonly resume?: boolean;
  readonly replace?: boolean;
  readonly allowChangedData?: boolean;
  readonly maxSteps?: number;
  readonly maxHours?: number;
  readonly accept?: readonly string[];
}

function parseHours(text: string): number {
  const hours = Number(text);
  if (!(hours > 0 && Number.isFinite(hours))) throw new InvalidArgumentError("expected hours above 0, e.g. 23.5");
  return hours;
}

/** Print steps as a progress line, warnings and validations as lines of their own. */
function follow(handle: TrainingHandle, watch: RunWatch): () => void {
  const progress = createProgress();
  const reported = { warnings: 0, validations: 0, overview: false, time: false };
  handle.onUpdate(({ metrics, warnings, validations, processId, metricName, overview, executor, runDir }) => {
    const last = metrics.at(-1);
    if (overview && !reported.overview)
      notify(overviewLines(overview, executor ?? "unknown", projectRelative(runDir)).join("\n"));
    reported.overview ||= overview !== undefined;
    if (overview && last && metrics.length >= STEPS_TO_TELL && !reported.time && last.secondsLeft > 0) {
      notify(expectedTime(last, overview));
      reported.time = true;
    }
    const best = validations.filter(({ isBest }) => isBest).at(-1)?.metrics[metricName];
    const memory = residentMegabytes(processId);
    watch.update({
      ...last,
      ...(best === undefined ? {} : { bestMetric: best }),
      ...(memory === undefined ? {} : { trainerMemoryMegabytes: memory }),
    });
    if (last)
      progress.update({
        label: "training",
        done: last.step,
        total: last.totalSteps,
        unit: "steps",
        note: `loss ${last.loss.toPrecision(4)}`,
      });
    for (const text of warnings.slice(reported.warnings)) notify(`\n${text}`);
    for (const { epoch, metrics: found } of validations.slice(reported.validations)) {
      const text = Object.entries(found).map(
        ([name, value]) => `${name} ${Number.isNaN(value) ? "n/a" : value.toPrecision(4)}`,
      );
      notify(`\nepoch ${epoch}: ${text.join(", ")}`);
    }
    reported.warnings = warnings.length;
    reported.validations = validations.length;
  });
  return () => progress.finish();
}

/** A failed run can be resumed. */
function reportCheckpoint({ checkpoint }: TrainingHandle, error: unknown): never {
  if (checkpoint !== undefined) notify(`\nthe newest checkpoint is ${checkpoint}; --resume continues from it`);
  throw error;
}

function outcomeOf(report: TrainReport): Outcome {
  const metric = report.bestMetric === null ? "no metric" : `${report.metricName} ${report.bestMetric.toPrecision(4)}`;
  const stopped = report.stopped === "interrupted" ? "; interrupted, continue with --resume" : "";
  return {
    json: report,
    text: `${report.steps} of ${report.totalSteps} steps on ${report.executor}, ${metric}${stopped}\n${report.checkpoint}`,
    exitCode: report.stopped === "interrupted" ? 130 : 0,
  };
}

/** Keeps how far the detector looks ahead in the run's folder; null there stands for the rest of the recording. */
async function keepLookAhead(lookAhead: LookAhead, runDir: string): Promise<void> {
  await writeFileAtomic(join(runDir, "look-ahead.json"), `${JSON.stringify(lookAhead, null, 2)}\n`);
}

async function train(watch: RunWatch, flags: TrainFlags): Promise<Outcome> {
  const found = await configOf(flags, ["cacheDir"]);
  const { config } = found;
  const options = trainOptionsFromConfig(config);
  await makeFolder(options.runDir); // a folder that cannot be created is reported before hours of work
  let trainer: number | undefined;
  const isOurs = async () => !(await isHeldByOther(options.runDir, trainer));
  await watch.begin(config.experiment.name, { path: options.runDir, isOurs });
  const interrupt = listenForInterrupt("finished work is kept; --resume continues from it");
  try {
    const resumed = (flags.resume ?? options.resume) && (await listCheckpoints(options.runDir)).length > 0;
    const beforeBuild = async () => (resumed ? requireSameChannels(options.runDir, config) : undefined);
    const check = splitCheck(config, { verb: "train" });
    const how = { signal: interrupt.signal, watch, beforeBuild, check, accept: flags.accept };
    const { manifest, record } = await withCache(found, () => configuredSplits(found), how);
    check.tell(trainNotices(record));
    const lookAhead = lookAheadFromConfig(config);
    notify(`ictal: look-ahead: ${lookAheadText(lookAhead)}`);
    const handle = startTraining(
      {
        ...options,
        data: { ...options.data, key: manifest.key, limit: config.data.limit_files ?? undefined },
        resume: flags.resume ?? options.resume,
        existing: flags.replace ? "replace" : "refuse",
        allowDataChange: flags.allowChangedData ?? false,
        maxSteps: flags.maxSteps ?? options.maxSteps,
        maxHours: flags.maxHours ?? options.maxHours,
      },
      {
        validate: devMetrics(manifest.recordings, {
          postprocess: postprocessFromConfig(config),
          falseAlarmRates: config.evaluation.fa_rates,
        }),
        signal: interrupt.signal,
      },
    );
    trainer = handle.processId;
    const finish = follow(handle, watch);
    const report = await handle.done.catch((error: unknown) => reportCheckpoint(handle, error)).finally(finish);
    await keepLookAhead(lookAhead, options.runDir);
    return outcomeOf(report);
  } finally {
    interrupt.release();
  }
}

/** Adds `ictal train`. */
export function addTrainCommand(program: Command): void {
  addSplitOptions(addDataOptions(program.command("train"), ["cacheDir"]))
    .description("train a detector; builds the cache if it is missing; Ctrl-C saves a checkpoint, --resume continues")
    .option("--resume", "continue from the newest checkpoint in experiment.output_dir, if there is one")
    .option("--replace", "delete the checkpoints of an earlier run in experiment.output_dir and start again")
    .option("--allow-changed-data", "resume even if the training recordings have changed")
    .option("--max-steps <n>", "save a checkpoint and stop after this step", parseCount(1))
    .option("--max-hours <h>", "save a checkpoint and stop after this time", parseHours)
    .addOption(buildAcceptOption())
    .addHelpText(
      "after",
      "\nBefore a cache is built, headers and annotations are read: a train split without a seizure, recordings that lack channels and\nannotations with errors are refused then (--accept for the last two).\n" +
        "If the cache has more recordings than data.limit_files (or BGB_LIMIT_FILES), a subset with some of every split is used.",
    )
    .action(action(watched("train", train)));
}
