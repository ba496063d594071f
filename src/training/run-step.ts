import { memberOf } from "../base/lookup.js";
import type { Batch } from "../dataset/batches.js";
import { logitCount } from "../model/detector.js";
import type { Feed } from "../tensor/program.js";
import { windowsPerStep } from "./options.js";
import { type AccumulatedStep, jsonNumbers, type Run, secondsPerStep, type TrainMetrics } from "./run.js";
import { downsampleLabelsInto } from "./run-data.js";
import { countNonFinite, faultOf } from "./run-faults.js";
import { learningRateFactor } from "./schedule.js";

/** Labels and mask per logit, [B, M] each. */
interface DownsampledLabels {
  readonly labels: Float32Array;
  readonly mask: Float32Array;
}

function downsampledLabels({ data, options, setup: { detector } }: Run, batch: Batch): DownsampledLabels {
  const size = options.batchSize * logitCount(detector, data.index.windowSamples);
  const labels = new Float32Array(size);
  const mask = new Float32Array(size);
  downsampleLabelsInto(labels, mask, batch.labels, batch.mask, detector.outputStrideSamples);
  return { labels, mask };
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function scalar(results: Record<string, Feed>, name: string): number {
  const [value = Number.NaN] = memberOf(results, name);
  return value;
}

const EMPTY_STEP: AccumulatedStep = {
  batches: 0,
  known: 0,
  seizure: 0,
  loss: 0,
  lowestLogit: Number.POSITIVE_INFINITY,
  highestLogit: Number.NEGATIVE_INFINITY,
  fault: undefined,
};

const shareOf = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

/**
 * Run the program on one more batch of the current step; batches are weighted by their known labels, as in one large batch.
 * Those before the first known label are skipped.
 */
async function accumulateBatch(
  run: Run,
  batch: Batch,
  before: AccumulatedStep,
): Promise<AccumulatedStep & { gradientNorm: number; isApplied: boolean }> {
  const { options, setup, progress } = run;
  const { step, updates } = progress;
  const { labels, mask } = downsampledLabels(run, batch);
  const known = before.known + sum(mask);
  if (known === 0) return skipBatch(before);
  const batchWeight = shareOf(known - before.known, known);
  const isUpdate = before.batches + 1 === options.accumulate && !before.fault;
  const feeds = setup.train.feeds({
    seed: options.seed,
    step: step * options.accumulate + before.batches,
    updates,
    learningRate: learningRateOf(run),
    accumulation: { previousWeight: shareOf(before.known, known), batchWeight, isUpdate },
  });
  const results = await run.compiled.run({ x: batch.samples, labels, mask, ...feeds });
  const [loss, gradientNorm] = [scalar(results, "loss"), scalar(results, "gradientNorm")];
  const allFinite = scalar(results, "finite") === 1;
  return {
    batches: before.batches + 1,
    known,
    seizure: before.seizure + sum(labels),
    loss: before.known === 0 ? loss : before.loss + (loss - before.loss) * batchWeight,
    lowestLogit: Math.min(before.lowestLogit, scalar(results, "lowestLogit")),
    highestLogit: Math.max(before.highestLogit, scalar(results, "highestLogit")),
    fault: before.fault ?? (allFinite ? undefined : faultOf(run, batch, loss, gradientNorm)),
    gradientNorm,
    isApplied: scalar(results, "applied") === 1,
  };
}

/** A batch without a known label, as all of the current step before it: nothing can be learnt from it. */
function skipBatch(before: AccumulatedStep): AccumulatedStep & { gradientNorm: number; isApplied: boolean } {
  return { ...before, batches: before.batches + 1, loss: Number.NaN, gradientNorm: Number.NaN, isApplied: false };
}

/**
 * Train on a batch; true when that ended a step, which is then counted and reported. Throws an Error when
 * training has diverged.
 */
export async function trainOnBatch(run: Run, batch: Batch): Promise<boolean> {
  const { options, setup, progress, callbacks } = run;
  progress.waitSeconds += (performance.now() - progress.batchRequested) / 1000;
  const { gradientNorm, isApplied, ...accumulated } = await accumulateBatch(
    run,
    batch,
    progress.accumulated ?? EMPTY_STEP,
  );
  progress.batchRequested = performance.now();
  progress.accumulated = accumulated.batches < options.accumulate ? accumulated : undefined;
  if (progress.accumulated) return false;

  const learningRate = learningRateOf(run);
  const { loss, fault } = accumulated;
  progress.step += 1;
  if (isApplied) countFinite(run, loss);
  else if (fault) countNonFinite(run, fault);
  else countUnlabelled(run);
  countTime(run);
  const metrics = metricsOf(run, { loss, learningRate, gradientNorm });
  const isEpochEnd = progress.step % setup.state.stepsPerEpoch === 0;
  if (progress.step % options.logEverySteps === 0 || isEpochEnd) record(run, metrics);
  callbacks.onMetrics?.(metrics);
  const { lowestLogit, highestLogit, seizure, known } = accumulated;
  const logits = { lowestLogit, highestLogit };
  const guarded = { step: progress.step - 1, loss, ...logits, seizureLabels: seizure, knownLabels: known };
  if (known > 0) for (const text of run.guard(guarded)) run.warn(text);
  progress.waitSeconds = 0;
  return true;
}

/** The learning rate of the current step. */
function learningRateOf({ options, setup, progress }: Run): number {
  return options.learningRate * learningRateFactor(progress.step, setup.state.totalSteps, options.schedule);
}

function countFinite({ progress }: Run, loss: number): void {
  progress.updates += 1;
  progress.nonFiniteInARow = 0;
  progress.lossSum += loss;
  progress.lossCount += 1;
}

/** A step without labels is skipped: momentum, decay and running statistics would change the network all the same. */
function countUnlabelled({ progress, log, warn }: Run): void {
  progress.unlabelledSteps += 1;
  log.append({ kind: "unlabelled", step: progress.step });
  if (progress.unlabelledSteps > 1) return;
  warn(
    `step ${progress.step} was skipped and changed no weight: no label of its windows is known. Later ones are only counted and logged.`,
  );
}

function countTime({ progress }: Run): void {
  const now = performance.now();
  const seconds = (now - progress.stepStarted) / 1000;
  if (progress.stepsHere === 0) progress.firstStepSeconds = seconds;
  else progress.laterSeconds += seconds;
  progress.stepsHere += 1;
  progress.stepStarted = now;
}

function metricsOf(
  { progress, options, setup }: Run,
  measured: Pick<TrainMetrics, "loss" | "learningRate" | "gradientNorm">,
): TrainMetrics {
  const { stepsPerEpoch, totalSteps } = setup.state;
  const seconds = secondsPerStep(progress);
  return {
    step: progress.step,
    totalSteps,
    epoch: Math.ceil(progress.step / stepsPerEpoch),
    ...measured,
    windowsPerSecond: windowsPerStep(options) / seconds,
    waitSeconds: progress.waitSeconds,
    memoryBytes: process.memoryUsage.rss(),
    secondsLeft: seconds * (Math.min(totalSteps, options.maxSteps ?? totalSteps) - progress.step),
  };
}

function record({ log, scalars }: Run, metrics: TrainMetrics): void {
  log.append({ kind: "step", ...jsonNumbers(metrics), step: metrics.step });
  const { loss, learningRate, gradientNorm, windowsPerSecond, waitSeconds, memoryBytes } = metrics;
  scalars(metrics.step, {
    "train/loss": loss,
    "train/learningRate": learningRate,
    "train/gradientNorm": gradientNorm,
    "train/windowsPerSecond": windowsPerSecond,
    "train/waitSeconds": waitSeconds,
    "train/memoryBytes": memoryBytes,
  });
}
