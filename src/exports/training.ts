/**
 * Training runs, checkpoints and predictions.
 * @module ictal/training
 */
export {
  type Baseline,
  type BaselineOptions,
  createFeatureTable,
  type FeatureTable,
  fitBaseline,
  predictBaseline,
} from "../training/baseline.js";
export { type BaselineFold, crossvalBaseline } from "../training/crossval-baseline.js";
export { startTraining, type TrainingHandle } from "../training/handle.js";
export { loadWeights } from "../training/load-weights.js";
export { fitLogistic, type LogisticModel, logisticProbability } from "../training/logistic-regression.js";
export type { TrainOptions } from "../training/options.js";
export type { RecordingPrediction } from "../training/predict.js";
export { predictRecordings } from "../training/predict-recordings.js";
export { readPrediction, readPredictions, writePrediction } from "../training/prediction-store.js";
export { createReceipt, projectCommit, type Receipt, type ReceiptFields } from "../training/receipt.js";
export type { TrainMetrics, TrainReport, Validate, ValidationResult } from "../training/run.js";
