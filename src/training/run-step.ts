import type { Batch } from "../dataset/batches.js";
import { logitCount } from "../model/detector.js";
import type { Feed } from "../tensor/program.js";
import { jsonNumbers, type Run, secondsPerStep, type TrainMetrics } from "./run.js";
import { poolLabelsInto } from "./run-data.js";
import { learningRateFactor } from "./schedule.js";

/** Steps in a row that may be non-finite before a run gives up. */
const MAX_NON_FINITE = 100;

/** Labels and mask per logit, [B, M] each. */
interface PooledLabels {
  readonly labels: Float32Array;
  readonly mask: Float32Array;
}

function pooledLabels({ data, options, prepared: { detector } }: Run, batch: Batch): PooledLabels {
  const size = options.batchSize * logitCount(detector, data.index.windowSamples);
  const labels = new Float32Array(size);
  const mask = new Float32Array(size);
  poolLabelsInto(labels, mask, batch.labels, batch.mask, detector.outputStrideSamples);
  return { labels, mask };
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function scalar(results: Record<string, Feed>, name: string): number {
  return results[name]![0]!;
}

/** Run one step of the program on a batch, count it and report it. Throws an Error when training has diverged. */
export async function takeStep(run: Run, batch: Batch): Promise<void> {
  const { options, prepared, progress, callbacks } = run;
  const { step, updates } = progress;
  const learningRate = options.learningRate * learningRateFactor(step, prepared.state.totalSteps, options.schedule);
  const { labels, mask } = pooledLabels(run, batch);
  const feeds = prepared.train.feeds({ seed: options.seed, step, updates, learningRate });
  const results = await run.compiled.run({ x: batch.samples, labels, mask, ...feeds });
  const loss = scalar(results, "loss");
  progress.step += 1;
  if (scalar(results, "applied") === 1) countFinite(run, loss);
  else countNonFinite(run, loss);
  countTime(run);

  const metrics = metricsOf(run, { loss, learningRate, gradientNorm: scalar(results, "gradientNorm") });
  const isEpochEnd = progress.step % prepared.state.stepsPerEpoch === 0;
  if (progress.step % options.logEverySteps === 0 || isEpochEnd) record(run, metrics);
  callbacks.onMetrics?.(metrics);
  const logits = { lowestLogit: scalar(results, "lowestLogit"), highestLogit: scalar(results, "highestLogit") };
  const warnings = run.guard({ step, loss, ...logits, seizureLabels: sum(labels), knownLabels: sum(mask) });
  for (const text of warnings) run.warn(text);
}

function countFinite({ progress }: Run, loss: number): void {
  progress.updates += 1;
  progress.nonFiniteInARow = 0;
  progress.lossSum += loss;
  progress.lossCount += 1;
}

function countNonFinite({ progress, options, warn }: Run, loss: number): void {
  progress.nonFiniteSteps += 1;
  progress.nonFiniteInARow += 1;
  if (progress.nonFiniteSteps === 1) {
    warn(
      `step ${progress.step} was not finite (loss ${loss}) and was skipped; such steps are counted and change nothing`,
    );
  }
  if (progress.nonFiniteInARow < MAX_NON_FINITE) return;
  throw new Error(
    `training diverged: ${MAX_NON_FINITE} steps in a row were not finite, up to step ${progress.step} of ${options.runDir}. ` +
      `Lower the learning rate (now ${options.learningRate}) or check the cache (ictal cache verify)`,
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
  { progress, options, prepared }: Run,
  measured: Pick<TrainMetrics, "loss" | "learningRate" | "gradientNorm">,
): TrainMetrics {
  const { stepsPerEpoch, totalSteps } = prepared.state;
  const seconds = secondsPerStep(progress);
  return {
    step: progress.step,
    totalSteps,
    epoch: Math.ceil(progress.step / stepsPerEpoch),
    ...measured,
    windowsPerSecond: options.batchSize / seconds,
    secondsLeft: seconds * (Math.min(totalSteps, options.maxSteps ?? totalSteps) - progress.step),
  };
}

function record({ log, scalars }: Run, metrics: TrainMetrics): void {
  log.append({ kind: "step", ...jsonNumbers(metrics), step: metrics.step });
  const { loss, learningRate, gradientNorm, windowsPerSecond } = metrics;
  scalars(metrics.step, {
    "train/loss": loss,
    "train/learningRate": learningRate,
    "train/gradientNorm": gradientNorm,
    "train/windowsPerSecond": windowsPerSecond,
  });
}
