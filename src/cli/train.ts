import { action, type Outcome, UsageError } from "@ictal/base/action";
import { CacheError, isIctalError } from "@ictal/base/errors";
import { parseCount } from "@ictal/base/flags";
import { listenForInterrupt } from "@ictal/base/interrupt";
import { makeFolder } from "@ictal/base/make-folder";
import { notify } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { type Command, InvalidArgumentError } from "commander";
import type { Manifest } from "../cache/manifest.js";
import type { RunWatch } from "../cluster/watch/run-watch.js";
import { postprocessFromConfig } from "../config/layer-options.js";
import { trainOptionsFromConfig } from "../config/train-options.js";
import { devMetrics } from "../scoring/dev-metrics.js";
import { listCheckpoints } from "../training/checkpoint.js";
import { startTraining, type TrainingHandle } from "../training/handle.js";
import type { TrainReport } from "../training/run.js";
import { isHeldByOther } from "../training/run-lock.js";
import { buildConfigured, buildText } from "./build-cache.js";
import { configuredManifest } from "./configured-manifest.js";
import { addDataOptions, configOf, type DataFlags, type FlagConfig } from "./data-options.js";
import { residentMegabytes } from "./process-memory.js";
import { requireSameChannels } from "./same-channels.js";
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
  const reported = { warnings: 0, validations: 0 };
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

/** The manifest of the cache; if it is missing, the cache is built from the configured corpus first, for the run in `resumed`. */
async function manifestOf(
  found: FlagConfig,
  { resumed, signal, watch }: { resumed: string | undefined; signal: AbortSignal; watch: RunWatch },
): Promise<Manifest> {
  const { config, cacheKey } = found;
  const { data_dir, cache_dir } = config.data;
  try {
    const manifest = await configuredManifest(found);
    reportMissing(manifest);
    return manifest;
  } catch (error) {
    if (cacheKey === undefined || !isIctalError(error, "NotFoundError")) throw error;
    if (!found.isGiven("data.data_dir"))
      throw new UsageError(
        `${cache_dir} contains no cache for this configuration, and data.data_dir is not set; set it to the corpus`,
      );
    if (resumed !== undefined && (await listCheckpoints(resumed)).length > 0)
      await requireSameChannels(resumed, config);
    notify(`ictal: ${cache_dir} contains no cache for this configuration; building it from ${data_dir}`);
  }
  const made = await buildConfigured(config, { progress: watch.follow(createProgress()), signal });
  notify(`${buildText(made)}`);
  if (made.written?.manifestRefused !== undefined) throw new CacheError(made.written.manifestRefused);
  if (!made.isComplete)
    throw new CacheError(
      "the cache is incomplete; see the messages above, fix the causes, or accept them with: ictal cache build --accept CODES",
      {
        found: made.refused.length + made.doubtful.length,
        expected: 0,
      },
    );
  return configuredManifest(found);
}

/** Reports recordings that an existing cache lacks: the messages of its build may have been seen by someone else. */
export function reportMissing({ recordings, leftOut }: Pick<Manifest, "recordings" | "leftOut">): void {
  const named = (ids: readonly string[]) => `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""}`;
  const unknown = recordings.filter(({ labelled }) => !labelled).map(({ id }) => id);
  const why = "see ictal cache build for the reasons";
  if (unknown.length > 0)
    notify(
      `ictal: labels of ${unknown.length} of ${recordings.length} recordings are unknown, neither seizure nor background: ${named(unknown)}; ${why}`,
    );
  const codes = [...new Set(leftOut.map(({ code }) => code))].sort().join(", ");
  if (leftOut.length > 0)
    notify(
      `ictal: ${leftOut.length} recordings are excluded from the cache (${codes}): ${named(leftOut.map(({ id }) => id))}; ${why}`,
    );
}

/** Reports that without a dev split, validation uses patients held out of train; the scores alone would not show it. */
function reportValidation({ recordings }: Manifest, { data }: FlagConfig["config"]): void {
  if (data.split_policy !== "custom" && recordings.some(({ split }) => split === "dev")) return;
  const share = data.validation_split;
  const how =
    share === 0
      ? "nothing is validated"
      : `${+(100 * share).toFixed(1)} % of the training patients are held out for validation (data.validation_split)`;
  notify(`ictal: there is no dev split to validate on; ${how}`);
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
    const manifest = await manifestOf(found, {
      resumed: (flags.resume ?? options.resume) ? options.runDir : undefined,
      signal: interrupt.signal,
      watch,
    });
    reportValidation(manifest, config);
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
    return outcomeOf(await handle.done.catch((error: unknown) => reportCheckpoint(handle, error)).finally(finish));
  } finally {
    interrupt.release();
  }
}

/** Adds `ictal train`. */
export function addTrainCommand(program: Command): void {
  addDataOptions(program.command("train"), ["cacheDir"])
    .description("train a detector; builds the cache if it is missing; Ctrl-C saves a checkpoint, --resume continues")
    .option("--resume", "continue from the newest checkpoint in experiment.output_dir, if there is one")
    .option("--replace", "delete the checkpoints of an earlier run in experiment.output_dir and start again")
    .option("--allow-changed-data", "resume even if the training recordings have changed")
    .option("--max-steps <n>", "save a checkpoint and stop after this step", parseCount(1))
    .option("--max-hours <h>", "save a checkpoint and stop after this time", parseHours)
    .addHelpText(
      "after",
      "\nIf the cache has more recordings than data.limit_files (or BGB_LIMIT_FILES), a subset with some of every split is used.",
    )
    .action(action(watched("train", train)));
}
