import { action, type Outcome, UsageError } from "@ictal/base/action";
import { CacheError, isIctalError } from "@ictal/base/errors";
import { parseCount } from "@ictal/base/flags";
import { listenForInterrupt } from "@ictal/base/interrupt";
import { makeFolder } from "@ictal/base/make-folder";
import { notify } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { type Command, InvalidArgumentError } from "commander";
import { residentMegabytes } from "../base/process-memory.js";
import type { Manifest } from "../cache/manifest.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { postprocessFromConfig } from "../config/layer-options.js";
import { trainOptionsFromConfig } from "../config/train-options.js";
import { devMetrics } from "../scoring/dev-metrics.js";
import { startTraining, type TrainingHandle } from "../training/handle.js";
import type { TrainReport } from "../training/run.js";
import { isHeldByOther } from "../training/run-lock.js";
import { buildConfigured, buildText } from "./build-cache.js";
import { configuredManifest } from "./configured-manifest.js";
import { addDataOptions, configOf, type DataFlags, type FlagConfig } from "./data-options.js";
import { watched } from "./watched.js";

interface TrainFlags extends DataFlags {
  readonly resume?: boolean;
  readonly replace?: boolean;
  readonly allowChangedData?: boolean;
  readonly maxSteps?: number;
  readonly maxHours?: number;
}

function parseHours(text: string): number {
  const hours = Number(text);
  if (!(hours > 0 && Number.isFinite(hours))) throw new InvalidArgumentError("expected hours above 0, e.g. 23.5");
  return hours;
}

/** Print steps as a progress line, warnings and validations as lines of their own. */
function follow(handle: TrainingHandle, watch: RunWatch): () => void {
  const progress = createProgress();
  const told = { warnings: 0, validations: 0 };
  handle.onUpdate(({ metrics, warnings, validations, processId, metricName }) => {
    const last = metrics.at(-1);
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
    for (const text of warnings.slice(told.warnings)) notify(`\n${text}`);
    for (const { epoch, metrics: found } of validations.slice(told.validations)) {
      const text = Object.entries(found).map(
        ([name, value]) => `${name} ${Number.isNaN(value) ? "n/a" : value.toPrecision(4)}`,
      );
      notify(`\nepoch ${epoch}: ${text.join(", ")}`);
    }
    told.warnings = warnings.length;
    told.validations = validations.length;
  });
  return () => progress.finish();
}

/** A run that failed may be carried on. */
function sayWhatIsKept({ checkpoint }: TrainingHandle, error: unknown): never {
  if (checkpoint !== undefined) notify(`\nthe newest checkpoint is ${checkpoint}; --resume goes on from it`);
  throw error;
}

function outcomeOf(report: TrainReport): Outcome {
  const metric = report.bestMetric === null ? "no metric" : `${report.metricName} ${report.bestMetric.toPrecision(4)}`;
  const stopped = report.stopped === "interrupted" ? "; interrupted, go on with --resume" : "";
  return {
    json: report,
    text: `${report.steps} of ${report.totalSteps} steps on ${report.executor}, ${metric}${stopped}\n${report.checkpoint}`,
    exitCode: report.stopped === "interrupted" ? 130 : 0,
  };
}

/** The manifest of the cache; where there is none yet, the configuration's corpus is cached first. */
async function manifestOf(found: FlagConfig, signal: AbortSignal, watch: RunWatch): Promise<Manifest> {
  const { config, cacheKey } = found;
  const { data_dir, cache_dir } = config.data;
  try {
    const manifest = await configuredManifest(found);
    sayWhatIsMissing(manifest);
    return manifest;
  } catch (error) {
    if (cacheKey === undefined || !isIctalError(error, "NotFoundError")) throw error;
    if (!found.isGiven("data.data_dir"))
      throw new UsageError(
        `${cache_dir} holds no cache of this configuration, and data.data_dir names no corpus to build it from`,
      );
    notify(`ictal: ${cache_dir} holds no cache of this configuration; it is built from ${data_dir}`);
  }
  const made = await buildConfigured(config, { progress: watch.follow(createProgress()), signal });
  notify(`${buildText(made)}`);
  if (made.written?.manifestRefused !== undefined) throw new CacheError(made.written.manifestRefused);
  if (!made.isComplete)
    throw new CacheError(
      "the cache is not complete; see above, mend it, or accept it with: ictal cache build --accept CODES",
      {
        found: made.refused.length + made.doubtful.length,
        expected: 0,
      },
    );
  return configuredManifest(found);
}

/** What a cache that was there before lacks: whoever built it was told, whoever trains on it may not have been. */
export function sayWhatIsMissing({ recordings, leftOut }: Pick<Manifest, "recordings" | "leftOut">): void {
  const named = (ids: readonly string[]) => `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""}`;
  const unknown = recordings.filter(({ labelled }) => !labelled).map(({ id }) => id);
  const why = "ictal cache build says why";
  if (unknown.length > 0)
    notify(
      `ictal: labels of ${unknown.length} of ${recordings.length} recordings are unknown, neither seizure nor background: ${named(unknown)}; ${why}`,
    );
  const codes = [...new Set(leftOut.map(({ code }) => code))].sort().join(", ");
  if (leftOut.length > 0)
    notify(
      `ictal: ${leftOut.length} recordings are left out of the cache (${codes}): ${named(leftOut.map(({ id }) => id))}; ${why}`,
    );
}

/** Without a dev split, validation is on patients held out of train; the scores alone would not show it. */
function sayWhatValidates({ recordings }: Manifest, { data }: FlagConfig["config"]): void {
  if (data.split_policy !== "custom" && recordings.some(({ split }) => split === "dev")) return;
  const share = data.validation_split;
  const how =
    share === 0
      ? "nothing is validated"
      : `${+(100 * share).toFixed(1)} % of the training patients are held out for validation (data.validation_split)`;
  notify(`ictal: no recordings of a dev split are used; ${how}`);
}

async function train(watch: RunWatch, flags: TrainFlags): Promise<Outcome> {
  const found = await configOf(flags, ["cacheDir"]);
  const { config } = found;
  const options = trainOptionsFromConfig(config);
  await makeFolder(options.runDir); // a folder that cannot be is told before hours of work
  let trainer: number | undefined;
  const isOurs = async () => !(await isHeldByOther(options.runDir, trainer));
  await watch.begin(config.experiment.name, { path: options.runDir, isOurs });
  const interrupt = listenForInterrupt("what was finished is kept, --resume goes on from it");
  try {
    const manifest = await manifestOf(found, interrupt.signal, watch);
    sayWhatValidates(manifest, config);
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
    return outcomeOf(await handle.done.catch((error: unknown) => sayWhatIsKept(handle, error)).finally(finish));
  } finally {
    interrupt.release();
  }
}

/** Adds `ictal train`. */
export function addTrainCommand(program: Command): void {
  addDataOptions(program.command("train"))
    .description("train a detector; the first run builds the cache; stops in order on Ctrl-C and can be resumed")
    .option("--resume", "go on from the newest checkpoint of experiment.output_dir, if there is one")
    .option("--replace", "remove the checkpoints of an earlier run in experiment.output_dir and start anew")
    .option("--allow-changed-data", "resume although the training recordings have changed")
    .option("--max-steps <n>", "stop after this step, with a checkpoint", parseCount(1))
    .option("--max-hours <h>", "stop in order after this long, with a checkpoint", parseHours)
    .addHelpText(
      "after",
      "\nOf a cache that holds more, data.limit_files (or BGB_LIMIT_FILES) recordings are used, some of every split.",
    )
    .action(action(watched("train", train)));
}
