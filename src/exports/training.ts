/**
 * Training runs, checkpoints and predictions.
 * @module ictal/training
 */
export { startTraining, type TrainingHandle } from "../training/handle.js";
export { loadWeights } from "../training/load-weights.js";
export type { TrainOptions } from "../training/options.js";
export type { RecordingPrediction } from "../training/predict.js";
export { predictRecordings } from "../training/predict-recordings.js";
export { readPrediction, readPredictions, writePrediction } from "../training/prediction-store.js";
export { createReceipt, projectCommit, type Receipt, type ReceiptFields } from "../training/receipt.js";
export type { TrainMetrics, TrainReport, Validate, ValidationResult } from "../training/run.js";
