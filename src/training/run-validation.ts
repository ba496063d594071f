import { writeCheckpoint, writeCheckpointState } from "./checkpoint.js";
import { pruneCheckpoints } from "./checkpoint-folder.js";
import type { CheckpointState } from "./checkpoint-state.js";
import type { RecordingPrediction } from "./predict.js";
import { jsonNumbers, type Run, type ValidationResult } from "./run.js";
import { falseAlarmRateOf, LOWER_IS_BETTER } from "./run-options.js";

/** The current state without its tensors. */
function stateOf({ setup, progress }: Run, isValidationPending: boolean): CheckpointState {
  const { step, updates, nonFiniteSteps, unlabelledSteps, best, withoutBetter, lossSum, lossCount } = progress;
  const epochLoss = [lossSum, lossCount] as const;
  const counts = { step, updates, nonFiniteSteps, unlabelledSteps };
  return { ...setup.state, ...counts, best, withoutBetter, epochLoss, isValidationPending };
}

/** Write the current state; `isValidationPending` when a validation is due that a resumed run has to repeat. */
export async function saveCheckpoint(run: Run, isValidationPending = false): Promise<void> {
  const { options, setup, progress, compiled, callbacks } = run;
  const tensors = setup.train.unpackState(await compiled.getState());
  const path = await writeCheckpoint(options.runDir, setup.detector, tensors, stateOf(run, isValidationPending));
  await pruneCheckpoints(options.runDir, options.keepLast, progress.best?.step);
  callbacks.onCheckpoint?.(path, progress.step);
}

/** True at the end of an epoch after which a validation is due. */
export function isValidationDue({ progress, options, setup }: Run): boolean {
  const { stepsPerEpoch, totalSteps } = setup.state;
  if (progress.step % stepsPerEpoch !== 0) return false;
  return (progress.step / stepsPerEpoch) % options.checkpointEveryEpochs === 0 || progress.step === totalSteps;
}

/** Predict the dev recordings with the current weights and compute their metrics. */
async function validationMetrics(run: Run): Promise<Record<string, number>> {
  const { progress, setup, data, options, callbacks, compiled, predictor } = run;
  const loss = progress.lossSum / progress.lossCount;
  if (!predictor || !callbacks.validate) return { loss };
  const { parameters, average, buffers } = setup.train.unpackState(await compiled.getState());
  predictor.setWeights({ ...(average ?? parameters), ...buffers });
  const { sampleRateHz } = data.reader.manifest;
  const isWhole = sampleRateHz % setup.detector.outputStrideSamples === 0;
  const predictions: RecordingPrediction[] = [];
  const each = predictor.predict(data.reader, {
    recordings: data.dev,
    strideSamples: Math.round(options.validation.strideSeconds * sampleRateHz),
    stitching: options.validation.stitching,
    rateHz: isWhole ? 1 : undefined,
    signal: callbacks.signal,
  });
  for await (const prediction of each) predictions.push(prediction);
  return { ...(await callbacks.validate(predictions)), loss };
}

/** Warn once that without a value there is neither a best checkpoint nor early stopping. */
function warnOfNoValue({ validations, warn, data }: Run, name: string, metrics: Record<string, number>): void {
  const hadNone = (result: ValidationResult) => !(name in result.metrics) || !Number.isFinite(result.metrics[name]);
  if (validations.some(hadNone)) return;
  const why =
    name in metrics
      ? "the dev recordings do not define it (no seizure, or no labels)"
      : data.dev.length === 0
        ? "there is no recording to validate on"
        : `the validation gave ${Object.keys(metrics).join(", ")}`;
  warn(`no value of ${name}: ${why}. It neither picks the best checkpoint nor stops the run early`);
}

/** The metric that decides: the configured one, or what stands in for a sensitivity whose rate cannot be resolved. */
function decidingMetric({ options, validations, warn }: Run, metrics: Record<string, number>) {
  const { name, mode, fallback } = options.metric;
  const isUnresolved = Number.isNaN(metrics[name]) && Number.isFinite(metrics[fallback]);
  if (falseAlarmRateOf(name) === undefined || !isUnresolved) return { name, mode };
  if (validations.every(({ metricName }) => metricName !== fallback))
    warn(
      `the hours of the dev recordings cannot resolve ${falseAlarmRateOf(name)} false alarms in 24 h, so ${fallback} decides instead of ${name} (training.early_stopping.fallback_metric)`,
    );
  return { name: fallback, mode: LOWER_IS_BETTER.includes(fallback) ? ("min" as const) : ("max" as const) };
}

async function validate(run: Run): Promise<void> {
  const { progress, setup, callbacks } = run;
  const metrics = await validationMetrics(run);
  const { name, mode } = decidingMetric(run, metrics);
  const value = metrics[name];
  const isKnown = value !== undefined && Number.isFinite(value);
  if (!isKnown) warnOfNoValue(run, name, metrics);
  const best = progress.best?.name === name ? progress.best : null;
  const isBetter = (found: number) => !best || (mode === "max" ? found > best.value : found < best.value);
  const isBest = isKnown && isBetter(value);
  if (isBest) progress.best = { name, value, step: progress.step };
  if (isKnown) progress.withoutBetter = isBest ? 0 : progress.withoutBetter + 1;
  progress.lossSum = 0;
  progress.lossCount = 0;
  const result = {
    step: progress.step,
    epoch: progress.step / setup.state.stepsPerEpoch,
    metrics,
    metricName: name,
    isBest,
  };
  run.validations.push(result);
  run.log.append({ kind: "validation", ...result, metrics: jsonNumbers(metrics) });
  run.scalars(
    progress.step,
    Object.fromEntries(Object.entries(metrics).map(([key, metric]) => [`validation/${key}`, metric])),
  );
  callbacks.onValidation?.(result);
}

/**
 * Validate and write the checkpoint of an epoch's end. The tensors are written first, so that a run killed during a long
 * validation loses no step; a resumed run repeats the validation. Returns false when it was interrupted.
 */
export async function validateAndSave(run: Run): Promise<boolean> {
  const { options, progress, callbacks, predictor } = run;
  if (!predictor) {
    await validate(run);
    await saveCheckpoint(run);
    return true;
  }
  await saveCheckpoint(run, true);
  try {
    await validate(run);
  } catch (error) {
    if (callbacks.signal?.aborted && error === callbacks.signal.reason) return false;
    throw error;
  }
  await writeCheckpointState(options.runDir, stateOf(run, false));
  await pruneCheckpoints(options.runDir, options.keepLast, progress.best?.step);
  return true;
}
