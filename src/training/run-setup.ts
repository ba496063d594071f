import { join } from "node:path";
import { hashOf } from "@ictal/base/canonical";
import { CacheError, FormatError } from "@ictal/base/errors";
import { createDetector, type Detector, type ModelConfig } from "../model/detector.js";
import { initialValues } from "../model/parameters.js";
import { checkFits, detectorFor } from "./check-fit.js";
import { checkpointDir, discardCheckpoints, listCheckpoints, STATE_FILE } from "./checkpoint-folder.js";
import type { CheckpointState } from "./checkpoint-state.js";
import { latestValidCheckpoint, quarantineDamaged } from "./latest-checkpoint.js";
import { type LossOptions, posWeightOf } from "./loss.js";
import { type FilledTrainOptions, recipeDifferences, recipeOf, windowsPerStep } from "./options.js";
import { dataLines, lineDifferences, seizureShareOf, stepsPerEpoch, type TrainingData } from "./run-data.js";
import { splitRecipe } from "./run-splits.js";
import { createTrainProgram, initialState, type OptimizerState, type TrainProgram } from "./train-program.js";

/** What a run is set up with, fresh or resumed. */
export interface RunSetup {
  readonly detector: Detector;
  readonly loss: LossOptions;
  readonly train: TrainProgram;
  readonly state: CheckpointState;
  /** Step of the checkpoint it continues from; undefined for a fresh run. */
  readonly resumedFrom?: number | undefined;
  /** Notices for the user before the first step. */
  readonly notices: readonly string[];
}

/** A set-up run with its initial values: several times as large as the model, so they are released soon. */
export interface RunStart extends RunSetup {
  readonly tensors: OptimizerState;
}

/** How many differences a message lists. */
const LISTED = 8;

function listed(differences: readonly string[]): string {
  const more = differences.length > LISTED ? ` and ${differences.length - LISTED} more` : "";
  return `${differences.slice(0, LISTED).join("; ")}${more}`;
}

function freshState(options: FilledTrainOptions, data: TrainingData, detector: Detector): CheckpointState {
  const { manifest } = data.reader;
  const perEpoch = stepsPerEpoch(data.selection.length, windowsPerStep(options));
  return {
    formatVersion: 1,
    step: 0,
    updates: 0,
    nonFiniteSteps: 0,
    unlabelledSteps: 0,
    stepsPerEpoch: perEpoch,
    totalSteps: perEpoch * options.epochs,
    best: null,
    withoutBetter: 0,
    isValidationPending: false,
    epochLoss: [0, 0],
    origin: {
      model: detector.config,
      windowSamples: data.index.windowSamples,
      sampleRateHz: manifest.sampleRateHz,
      channels: manifest.channels,
      cacheKey: manifest.key,
    },
    recipe: { ...recipeOf(options, detector.config), ...splitRecipe(data) },
    dataLines: dataLines(data),
  };
}

/** A stored model with its detector's defaults filled in; unchanged where no detector knows it. */
function filledModel(model: unknown): unknown {
  try {
    return createDetector(model as ModelConfig).config; // checked by the detector itself
  } catch {
    return model;
  }
}

/**
 * Throws a CacheError when the stored run is not the one asked for, and a FormatError when it says so but what follows from it
 * differs; returns the differences that were allowed.
 */
function checkSameRun(stored: CheckpointState, fresh: CheckpointState, options: FilledTrainOptions): string[] {
  const recipe = recipeDifferences({ ...stored.recipe, model: filledModel(stored.recipe.model) }, fresh.recipe);
  if (recipe.length > 0) {
    throw new CacheError(
      `the run in ${options.runDir} was started with other options: ${listed(recipe)}. Restore them, or start in another folder`,
      { found: stored.recipe, expected: fresh.recipe },
    );
  }
  checkSignals(stored, fresh, options);
  const lines = lineDifferences(stored.dataLines, fresh.dataLines);
  const isOtherCache = stored.origin.cacheKey !== fresh.origin.cacheKey;
  const differences = isOtherCache
    ? [`the cache is ${fresh.origin.cacheKey}, it was ${stored.origin.cacheKey}`, ...lines]
    : lines;
  if (differences.length === 0) {
    checkFollows(stored, fresh, options);
    return [];
  }
  if (options.allowDataChange) return [`continuing with changed data: ${listed(differences)}`];
  throw new CacheError(
    `the training data of ${options.runDir} have changed: ${listed(differences)}. Restore them, start in another folder, or continue with them (--allow-changed-data, allowDataChange)`,
    { found: stored.dataLines.length, expected: fresh.dataLines.length },
  );
}

/** Throws a CacheError when the cache, another one by its key, has signals that the stored weights do not take. */
function checkSignals(
  { origin: then }: CheckpointState,
  { origin: now }: CheckpointState,
  { runDir }: FilledTrainOptions,
) {
  if (then.cacheKey === now.cacheKey) return;
  const text = ({ channels, sampleRateHz }: CheckpointState["origin"]) => `${channels.join(" ")} at ${sampleRateHz} Hz`;
  if (text(then) === text(now)) return;
  throw new CacheError(`the cache holds ${text(now)}, the run in ${runDir} was trained on ${text(then)}`, {
    found: text(now),
    expected: text(then),
  });
}

/** Throws a FormatError when parts of a state differ from what equal options and data give. */
function checkFollows(stored: CheckpointState, fresh: CheckpointState, { runDir }: FilledTrainOptions): void {
  const follows = ({ origin, stepsPerEpoch: perEpoch, totalSteps }: CheckpointState): Record<string, unknown> => ({
    ...Object.fromEntries(Object.entries(origin).map(([key, value]) => [`origin.${key}`, value])),
    stepsPerEpoch: perEpoch,
    totalSteps,
  });
  const [then, now] = [follows(stored), follows(fresh)];
  const field = Object.keys(now).find((key) => hashOf(then[key]) !== hashOf(now[key]));
  if (field === undefined) return;
  const file = join(checkpointDir(runDir, stored.step), STATE_FILE);
  throw new FormatError(
    `invalid ${field}: ${JSON.stringify(then[field])}; expected ${JSON.stringify(now[field])} of these options and data`,
    { file, field },
  );
}

/** A state without a best checkpoint that was deleted or is of another metric, and the notice for it. */
function withUsableBest(
  state: CheckpointState,
  { runDir, metric }: FilledTrainOptions,
  steps: readonly number[],
): { readonly state: CheckpointState; readonly notices: readonly string[] } {
  const { best } = state;
  const fault =
    best && best.name !== metric.name && best.name !== metric.fallback
      ? `was chosen by ${best.name}, this run's metric is ${metric.name}`
      : best && !steps.includes(best.step)
        ? "was deleted"
        : undefined;
  if (!best || fault === undefined) return { state, notices: [] };
  const text = `the best checkpoint so far (step ${best.step} of ${runDir}) ${fault}; the best is determined again from step ${state.step} on`;
  return { state: { ...state, best: null, withoutBetter: 0 }, notices: [text] };
}

/** The loss with "auto" replaced by the reference's weight, which it uses when alpha is neutral. */
function lossOf({ loss }: FilledTrainOptions, data: TrainingData): LossOptions {
  const { posWeight, ...rest } = loss;
  if (posWeight !== "auto") return { ...rest, posWeight };
  const isNeutral = rest.kind !== "focal" || rest.alpha === 0.5;
  return { ...rest, posWeight: isNeutral ? posWeightOf(seizureShareOf(data)) : 1 };
}

/**
 * Check options against data, declare the training program and find the state to start from. Throws a CacheError when the folder
 * holds a run that is neither to be resumed nor replaced, or one of other options, model or data.
 */
export async function setUpRun(
  options: FilledTrainOptions,
  data: TrainingData,
  executorName: string,
): Promise<RunStart> {
  const { runDir, seed, batchSize, optimizer } = options;
  const detector = detectorFor(options.model, data.reader.manifest);
  checkFits(detector, data.reader.manifest, options.data.windowSeconds);
  const loss = lossOf(options, data);
  const gradientCheckpointing = !executorName.startsWith("onnx-"); // no gain in a traced graph
  const sampleCount = data.index.windowSamples;
  const accumulate = options.accumulate > 1;
  const train = createTrainProgram(detector, {
    batchSize,
    sampleCount,
    loss,
    optimizer,
    gradientCheckpointing,
    accumulate,
  });
  const fresh = freshState(options, data, detector);
  const newest = (await listCheckpoints(runDir)).at(-1);
  if (newest !== undefined && options.resume) {
    const found = await latestValidCheckpoint(runDir, detector, (stored) => checkSameRun(stored, fresh, options));
    const { stored, tensors } = found;
    const quarantined = await quarantineDamaged(runDir, found.damaged, stored.step);
    const now = { ...stored, ...changedData(fresh) }; // the same where nothing changed
    const { state, notices } = withUsableBest(now, options, await listCheckpoints(runDir));
    const all = [...quarantined, ...found.notices, ...notices];
    return { detector, loss, train, state, tensors, resumedFrom: stored.step, notices: all };
  }
  if (newest !== undefined && options.existing === "refuse") {
    throw new CacheError(
      `${runDir} already holds a run at step ${newest}; resume it (--resume), replace it (--replace), or choose another output folder`,
      { found: newest, expected: "no checkpoint" },
    );
  }
  if (newest !== undefined) await discardCheckpoints(runDir);
  const values = initialValues([...detector.parameters, ...detector.buffers], seed);
  return { detector, loss, train, state: fresh, tensors: initialState(detector, values), notices: [] };
}

/** The parts of a state that follow the data where those were allowed to change; the steps taken still count. */
function changedData({
  origin,
  dataLines: lines,
  stepsPerEpoch: perEpoch,
  totalSteps,
}: CheckpointState): Partial<CheckpointState> {
  return { origin, dataLines: lines, stepsPerEpoch: perEpoch, totalSteps };
}
