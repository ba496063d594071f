import { ConfigError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import type { Compiled } from "../tensor/program.js";
import type { CheckpointState } from "./checkpoint-state.js";
import type { createGuards } from "./guards.js";
import type { FilledTrainOptions } from "./options.js";
import type { Predictor, RecordingPrediction } from "./predict.js";
import type { TrainingData } from "./run-data.js";
import type { RunLog } from "./run-log.js";
import { falseAlarmRateOf } from "./run-options.js";
import type { RunSetup } from "./run-setup.js";

/** One step, as it is reported. */
export interface TrainMetrics {
  /** Steps done, this one included. */
  readonly step: number;
  readonly totalSteps: number;
  /** Epochs begun, from 1. */
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Global norm before clipping. */
  readonly gradientNorm: number;
  /** Reading included. */
  readonly windowsPerSecond: number;
  /** Of this step, spent waiting for its windows to be read. */
  readonly waitSeconds: number;
  /** Memory of the training process (resident), in bytes. */
  readonly memoryBytes: number;
  /** Of steps, validation not counted. */
  readonly secondsLeft: number;
}

/** One validation. */
export interface ValidationResult {
  readonly step: number;
  /** Epochs done. */
  readonly epoch: number;
  /** What `validate` returned, and `loss`, the mean training loss since the validation before. */
  readonly metrics: Readonly<Record<string, number>>;
  /** The metric that decided; another than asked for where that one cannot be resolved. */
  readonly metricName: string;
  readonly isBest: boolean;
}

/** Metrics by name from predictions over whole recordings, at one value a second where the network's rate allows. */
export interface Validate {
  (
    predictions: readonly RecordingPrediction[],
  ): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>;
  /** The names it gives, so that a wrong name is found before training begins. */
  readonly metricNames?: readonly string[] | undefined;
}

/** Throws a ConfigError when no validation gives the metric that decides on the best checkpoint, or that stands in for it. */
export function checkMetric({ name, fallback }: FilledTrainOptions["metric"], validate: Validate | undefined): void {
  requireMetric("metric", name, validate);
  if (falseAlarmRateOf(name) !== undefined) requireMetric("fallback_metric", fallback, validate);
}

function requireMetric(key: "metric" | "fallback_metric", name: string, validate: Validate | undefined): void {
  const known = ["loss", ...(validate?.metricNames ?? [])];
  if (known.includes(name) || (validate && !validate.metricNames)) return;
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  const rate = falseAlarmRateOf(name);
  const add = rate === undefined ? "" : `; for this one add ${rate} to evaluation.fa_rates`;
  const there = validate ? `the validation gives ${known.join(", ")}` : "nothing is validated, so there is only loss";
  throw new ConfigError(`unknown metric ${name}: ${there}${add || hint}`, {
    key: `training.early_stopping.${key}`,
    value: name,
    allowed: known.join(", "),
    nearest,
  });
}

export interface TrainCallbacks {
  readonly onMetrics?: ((metrics: TrainMetrics) => void) | undefined;
  readonly onValidation?: ((result: ValidationResult) => void) | undefined;
  /** Warnings for the user: collapse guards, notices about a resumed run. */
  readonly onWarning?: ((text: string) => void) | undefined;
  readonly onCheckpoint?: ((path: string, step: number) => void) | undefined;
  readonly validate?: Validate | undefined;
  /** Stops at the next step's end, with a checkpoint. */
  readonly signal?: AbortSignal | undefined;
}

/** Why training ended. */
export type StopReason = "finished" | "max-steps" | "max-hours" | "interrupted" | "no-improvement";

/** The results of a run. */
export interface TrainReport {
  readonly steps: number;
  /** Epochs begun. */
  readonly epoch: number;
  /** The best value of the metric that decides; null when none was taken. */
  readonly bestMetric: number | null;
  readonly metricName: string;
  /** Weights of the best checkpoint, or of the last where no metric was taken. */
  readonly checkpoint: string;
  readonly lastCheckpoint: string;
  readonly executor: string;
  /** Mean over the steps of this process but the first; null when it took none. */
  readonly secondsPerStep: number | null;
  readonly nonFiniteSteps: number;
  /** Steps of whose windows no label was known; they changed nothing. */
  readonly unlabelledSteps: number;
  readonly parameters: number;
  readonly stopped: StopReason;
  readonly totalSteps: number;
  readonly validations: readonly ValidationResult[];
  readonly warnings: readonly string[];
}

/** Results of the batches of the current step so far. */
export interface AccumulatedStep {
  readonly batches: number;
  /** Labels that are known, and those of seizure among them. */
  readonly known: number;
  readonly seizure: number;
  /** Mean over the known labels. */
  readonly loss: number;
  readonly lowestLogit: number;
  readonly highestLogit: number;
  /** The first batch that was not finite. */
  readonly fault: Fault | undefined;
}

/** A batch whose numbers were not all finite. */
export interface Fault {
  /** What was infinite, NaN or beyond float32. */
  readonly what: "samples" | "loss" | "gradient" | "running statistics";
  readonly loss: number;
  readonly gradientNorm: number;
  /** The batch's windows; of "samples" only those that hold such values. */
  readonly windows: readonly { readonly id: string; readonly startSeconds: number }[];
}

/** What changes from step to step. */
export interface RunProgress {
  step: number;
  updates: number;
  nonFiniteSteps: number;
  unlabelledSteps: number;
  nonFiniteInARow: number;
  /** Of the current step, where it takes several batches. */
  accumulated: AccumulatedStep | undefined;
  best: CheckpointState["best"];
  withoutBetter: number;
  /** Over the finite steps since the last validation. */
  lossSum: number;
  lossCount: number;
  /** When the current step began, by performance.now(). */
  stepStarted: number;
  /** When the next batch was requested, by performance.now(). */
  batchRequested: number;
  /** Of the current step, until its batches were available. */
  waitSeconds: number;
  firstStepSeconds: number;
  laterSeconds: number;
  stepsHere: number;
}

/** The parts of a running training. */
export interface Run {
  readonly options: FilledTrainOptions;
  readonly data: TrainingData;
  readonly setup: RunSetup;
  readonly callbacks: TrainCallbacks;
  readonly compiled: Compiled;
  readonly predictor: Predictor | undefined;
  readonly progress: RunProgress;
  readonly validations: ValidationResult[];
  readonly log: RunLog;
  readonly scalars: (step: number, scalars: Readonly<Record<string, number>>) => void;
  readonly warn: (text: string) => void;
  readonly guard: ReturnType<typeof createGuards>;
}

/** Progress as a checkpoint left it. */
export function startingProgress({ state }: RunSetup): RunProgress {
  const { step, updates, nonFiniteSteps, unlabelledSteps, best, withoutBetter, epochLoss } = state;
  const [lossSum, lossCount] = epochLoss;
  const clock = {
    stepStarted: performance.now(),
    batchRequested: performance.now(),
    waitSeconds: 0,
    firstStepSeconds: 0,
    laterSeconds: 0,
    stepsHere: 0,
  };
  const none = { nonFiniteInARow: 0, accumulated: undefined };
  return { step, updates, nonFiniteSteps, unlabelledSteps, ...none, best, withoutBetter, lossSum, lossCount, ...clock };
}

/** Mean seconds per step of this process, its first (the warm-up) excluded if there are others; NaN before any. */
export function secondsPerStep({ stepsHere, firstStepSeconds, laterSeconds }: RunProgress): number {
  if (stepsHere === 0) return Number.NaN;
  return stepsHere === 1 ? firstStepSeconds : laterSeconds / (stepsHere - 1);
}

/** Values for JSON, which has neither NaN nor infinity: null stands for both. */
export function jsonNumbers(values: object): Record<string, unknown> {
  const isUnrepresentable = (value: unknown) => typeof value === "number" && !Number.isFinite(value);
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, isUnrepresentable(value) ? null : value]),
  );
}
