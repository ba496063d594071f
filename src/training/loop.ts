import { join } from "node:path";
import { type Batch, openBatches } from "../dataset/batches.js";
import { parameterCount } from "../model/parameters.js";
import type { Executor } from "../tensor/program.js";
import { checkpointDir } from "./checkpoint-folder.js";
import { dataNotices } from "./data-notices.js";
import { openEventFile } from "./event-file.js";
import { createGuards } from "./guards.js";
import { type FilledTrainOptions, fillTrainOptions, type TrainOptions, windowsPerStep } from "./options.js";
import { explainMemory } from "./out-of-memory.js";
import { createPredictor } from "./predict.js";
import {
  checkMetric,
  type Run,
  type StopReason,
  secondsPerStep,
  startingProgress,
  type TrainCallbacks,
  type TrainReport,
} from "./run.js";
import { epochWindows, type TrainingData } from "./run-data.js";
import { ignoreWriteErrors, openRunLog } from "./run-log.js";
import { type RunSetup, type RunStart, setUpRun } from "./run-setup.js";
import { writeRunSplits } from "./run-splits.js";
import { trainOnBatch } from "./run-step.js";
import { isValidationDue, saveCheckpoint, validateAndSave } from "./run-validation.js";

const MILLISECONDS_PER_HOUR = 3_600_000;

function stopReason({ progress, options, setup, callbacks }: Run, deadline: number): StopReason | undefined {
  if (progress.step >= setup.state.totalSteps) return "finished";
  if (options.patience > 0 && progress.withoutBetter >= options.patience) return "no-improvement";
  if (callbacks.signal?.aborted) return "interrupted";
  if (options.maxSteps !== undefined && progress.step >= options.maxSteps) return "max-steps";
  return performance.now() >= deadline ? "max-hours" : undefined;
}

/** Batches from the present step to the end of its epoch. */
function batchesOfEpoch({ options, data, progress, setup }: Run): AsyncGenerator<Batch, void, undefined> {
  const { batchSize, seed, augment, numWorkers } = options;
  const { stepsPerEpoch } = setup.state;
  const perStep = windowsPerStep(options);
  const epoch = Math.floor(progress.step / stepsPerEpoch);
  return openBatches(data.reader, data.index, {
    order: epochWindows(data.selection, perStep, seed, epoch),
    batchSize,
    startPosition: (progress.step % stepsPerEpoch) * perStep,
    augment,
    seed,
    epoch,
    workers: numWorkers,
  });
}

/** Steps, validations and checkpoints until there is a reason to stop. */
async function runSteps(run: Run): Promise<StopReason> {
  const { progress, options, setup } = run;
  const deadline = performance.now() + (options.maxHours ?? Number.POSITIVE_INFINITY) * MILLISECONDS_PER_HOUR;
  if (setup.state.isValidationPending && !(await validateAndSave(run))) return "interrupted";
  for (;;) {
    const reason = stopReason(run, deadline);
    if (reason) {
      if (setup.resumedFrom !== progress.step) await saveCheckpoint(run); // nothing was due: a run without steps
      return reason;
    }
    startClock(run);
    for await (const batch of batchesOfEpoch(run)) {
      if (!(await trainOnBatch(run, batch))) continue;
      const stopped = await afterStep(run, deadline);
      if (stopped) return stopped;
    }
  }
}

/** What is due after a step: validation, checkpoint, stopping. */
async function afterStep(run: Run, deadline: number): Promise<StopReason | undefined> {
  const { progress, options } = run;
  const isDue = isValidationDue(run);
  if (isDue && !(await validateAndSave(run))) return "interrupted";
  const stopped = stopReason(run, deadline);
  const { checkpointEverySteps } = options;
  const isInterval = checkpointEverySteps > 0 && progress.step % checkpointEverySteps === 0;
  if (!isDue && (stopped || isInterval)) await saveCheckpoint(run);
  startClock(run);
  return stopped;
}

/** Start the clock of the next step. */
function startClock({ progress }: Run): void {
  progress.stepStarted = performance.now();
  progress.batchRequested = progress.stepStarted;
}

type Programs = Pick<Run, "compiled" | "predictor">;

/** The step, and the forward pass where there is something to validate; neither stays when one fails. */
async function compilePrograms(
  { batchSize }: FilledTrainOptions,
  { train, detector }: RunSetup,
  { index, dev }: TrainingData,
  executor: Executor,
  isValidated: boolean,
): Promise<Programs> {
  const compiled = await executor.compile(train.program);
  if (!isValidated || dev.length === 0) return { compiled, predictor: undefined };
  try {
    const { windowSamples } = index;
    return { compiled, predictor: await createPredictor(executor, detector, { batchSize, windowSamples }) };
  } catch (error) {
    await compiled.dispose();
    throw error;
  }
}

async function disposePrograms({ compiled, predictor }: Programs): Promise<void> {
  try {
    await compiled.dispose();
  } finally {
    await predictor?.dispose();
  }
}

async function openRun(
  options: FilledTrainOptions,
  { tensors, ...setup }: RunStart,
  data: TrainingData,
  executor: Executor,
  callbacks: TrainCallbacks,
): Promise<Run & { readonly warnings: string[] }> {
  const { train, state, loss } = setup;
  const progress = startingProgress(setup);
  const file = await openRunLog(join(options.runDir, "metrics.jsonl"), state.step, state.isValidationPending);
  const events = options.tensorBoard ? await openEventFile(join(options.runDir, "tensorboard")) : undefined;
  const warnings: string[] = [];
  const notify = (text: string) => {
    warnings.push(text);
    callbacks.onWarning?.(text);
  };
  const attempt = ignoreWriteErrors(notify);
  const log: Run["log"] = { append: (entry) => attempt(() => file.append(entry)) };
  const warn = (text: string) => {
    log.append({ kind: "warning", step: progress.step, text });
    notify(text);
  };
  const scalars: Run["scalars"] = (step, values) => attempt(() => events?.scalars(step, values));
  const guard = createGuards({ loss });
  const programs = await compilePrograms(options, setup, data, executor, callbacks.validate !== undefined);
  try {
    programs.compiled.setState(train.packState(tensors));
  } catch (error) {
    await disposePrograms(programs);
    throw error;
  }
  return {
    ...programs,
    options,
    data,
    setup,
    callbacks,
    progress,
    validations: [],
    log,
    scalars,
    warn,
    guard,
    warnings,
  };
}

/**
 * Train in this process: the loop behind `startTraining`. Batches follow (seed, epoch), dropout and augmentation
 * (seed, step), so that a resumed run takes the very steps that an uninterrupted one takes. Validation is a callback.
 * Throws a CacheError when the folder holds another run, an UnsupportedError when memory runs out, and an Error when a
 * hundred steps in a row are not finite.
 */
export async function runTraining(
  given: TrainOptions,
  data: TrainingData,
  executor: Executor,
  callbacks: TrainCallbacks = {},
): Promise<TrainReport> {
  const options = fillTrainOptions(given, { isValidated: callbacks.validate !== undefined });
  checkMetric(options.metric, callbacks.validate);
  const explained = (error: unknown) => {
    throw explainMemory(error, executor.name, options);
  };
  const run = await openRun(options, await setUpRun(options, data, executor.name), data, executor, callbacks).catch(
    explained,
  );
  try {
    await writeRunSplits(options.runDir, data);
    for (const notice of [...run.setup.notices, ...dataNotices(data, options)]) run.warn(notice);
    const stopped = await runSteps(run).catch(explained);
    return reportOf(run, executor.name, stopped, run.warnings);
  } finally {
    await disposePrograms(run);
  }
}

function reportOf(run: Run, executor: string, stopped: StopReason, warnings: readonly string[]): TrainReport {
  const { progress, options, setup, validations } = run;
  const { stepsPerEpoch, totalSteps } = setup.state;
  const weights = (step: number) => join(checkpointDir(options.runDir, step), "model.safetensors");
  const seconds = secondsPerStep(progress);
  return {
    steps: progress.step,
    epoch: Math.ceil(progress.step / stepsPerEpoch),
    bestMetric: progress.best?.value ?? null,
    metricName: progress.best?.name ?? options.metric.name,
    checkpoint: weights(progress.best?.step ?? progress.step),
    lastCheckpoint: weights(progress.step),
    executor,
    secondsPerStep: Number.isNaN(seconds) ? null : seconds,
    nonFiniteSteps: progress.nonFiniteSteps,
    unlabelledSteps: progress.unlabelledSteps,
    parameters: parameterCount(setup.detector.parameters),
    stopped,
    totalSteps,
    validations,
    warnings,
  };
}
