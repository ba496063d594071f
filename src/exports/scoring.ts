/**
 * Scores by sample, by event (SzCORE, NEDC) and their intervals; post-processing.
 * @module ictal/scoring
 */
export { type AurocDifference, type AurocInterval, aurocInterval, compareAuroc } from "../scoring/auroc-interval.js";
export type { PatientRecording } from "../scoring/auroc-wins.js";
export { type Breakdown, scoreBreakdown, type TypedPair } from "../scoring/breakdown.js";
export { calibrationCurve } from "../scoring/calibration.js";
export { auroc, type Curves, prevalenceOf, rocAndPrCurves } from "../scoring/curves.js";
export { devMetrics } from "../scoring/dev-metrics.js";
export { type EventOutcomes, eventOutcomes } from "../scoring/event-outcomes.js";
export { createEventStream } from "../scoring/event-stream.js";
export {
  compareExperts,
  consensusEvents,
  type ExpertRecording,
  type ExpertReport,
} from "../scoring/experts.js";
export {
  calibrateRecordings,
  calibrationByPatient,
  calibrationOutOfFold,
  type FittedCalibration,
  fitCalibration,
  type PatientCalibration,
  shiftPrevalence,
} from "../scoring/fit-calibration.js";
export {
  calibrateFolds,
  type FoldCalibration,
  type OutOfFoldCalibration,
  outOfFoldCalibration,
} from "../scoring/fold-calibration.js";
export { type NedcReport, scoreNedc } from "../scoring/nedc/score-nedc.js";
export { type OnsetLatencies, type OnsetLatency, onsetLatencies, onsetLatency } from "../scoring/onset-latency.js";
export {
  type OperatingPoint,
  operatingPoints,
  pointWithin,
  sensitivityAtFalseAlarms,
} from "../scoring/operating-points.js";
export {
  type FoldPredictions,
  type FoldScores,
  type OutOfFoldScores,
  type PooledScores,
  scoreFolds,
} from "../scoring/out-of-fold.js";
export type { Estimate } from "../scoring/patient-interval.js";
export { detectEvents, POSTPROCESS_DEFAULTS, type PostprocessOptions } from "../scoring/postprocess.js";
export { type RateSensitivity, sensitivitiesAtRates } from "../scoring/rate-sensitivity.js";
export { type RateResolution, rateResolution } from "../scoring/resolution.js";
export {
  type Evaluation,
  evaluatePredictions,
  type PredictedRecording,
  pooledCells,
  type ScoredPair,
  scoreSzcore,
} from "../scoring/score.js";
export { type Comparison, compareDetectors, type ScoreIntervals, scoreIntervals } from "../scoring/score-intervals.js";
export { type InjectedPair, type SnrPoint, sensitivityBySnr } from "../scoring/snr-sensitivity.js";
export { SZCORE_DEFAULTS, scoreEvents, scoreSamples, szcoreRates } from "../scoring/szcore.js";
export { type SzcoreEvaluationReport, scoreSzcoreEvaluation } from "../scoring/szcore-evaluation.js";
export { type TypeConfusion, typeConfusion } from "../scoring/type-confusion.js";
export { type DurationScores, scoreByDuration } from "../scoring/type-duration.js";
