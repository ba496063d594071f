/**
 * Ictal: EEG seizure detection from a bucket of recordings to a scored detector. The names follow the way of the data.
 *
 * @example
 * import { buildCache, openStore, readCatalogue } from "ictal";
 * const store = openStore("s3://bucket/tusz/");
 * const catalogue = await readCatalogue(store);
 * await buildCache({ store, catalogue, cacheDir: "cache/tusz" });
 */

// base
export { canonicalJson, hashOf, sha256 } from "@ictal/base/canonical";
export {
  CacheError,
  CellError,
  ConfigError,
  FormatError,
  type IctalError,
  isIctalError,
  NotFoundError,
  StoreError,
  UnsupportedError,
} from "@ictal/base/errors";
export { createProgress, type Progress, silentProgress } from "@ictal/base/progress";
// notebook
export { figureImage } from "@ictal/jupyter/browser/figure-image";
export type { ImageOptions } from "@ictal/jupyter/browser/figure-painter";
export { bundleOf, type DisplayHandle, display, liveDisplay } from "@ictal/jupyter/display";
export { createDisplayProgress } from "@ictal/jupyter/display-progress";
export { Comm, type CommExtras, type CommReceived } from "@ictal/jupyter/kernel/cell-api/comm";
export { type Kernel, kernel } from "@ictal/jupyter/kernel/cell-api/kernel";
export { complementIntervals, type Event, type Interval, mergeIntervals, totalSeconds } from "./base/events.js";
export { projectDir, projectPath } from "./base/project.js";
export { createRandom, type Random } from "./base/random.js";
// cache
export { type BuildOptions, type BuildReport, buildCache } from "./cache/build.js";
export { coverageOf } from "./cache/coverage.js";
export { gcCache } from "./cache/gc.js";
export { type Manifest, type ManifestRecording, readManifest, writeManifest } from "./cache/manifest.js";
export { numpySnippet } from "./cache/numpy-snippet.js";
export { type Cache, openCache, readFrames } from "./cache/open.js";
export { type VerifyReport, verifyCache } from "./cache/verify.js";
// cluster
export { finalisePlan } from "./cluster/finalise.js";
export { makePlan, type Plan, readPlan, type ShardDraft, writePlan } from "./cluster/plan.js";
export { type PoolReport, runPool } from "./cluster/pool.js";
export { type ResultTable, resultTable } from "./cluster/result-table.js";
export { parseSweep } from "./cluster/sweep.js";
export { runTask, type TaskEnd, type TaskOptions } from "./cluster/task.js";
// config
export { configJsonSchema } from "./config/json-schema.js";
export { type ConfigValue, configValues } from "./config/key-list.js";
export {
  balanceFromConfig,
  cacheKeyFromConfig,
  chainFromConfig,
  postprocessFromConfig,
} from "./config/layer-options.js";
export { type ConfigOrigin, type LoadedConfig, loadConfig, parseConfig } from "./config/load-config.js";
export { modelFromConfig } from "./config/model-options.js";
export type { Config } from "./config/schema.js";
export { trainOptionsFromConfig } from "./config/train-options.js";
// corpus
export { type Catalogue, readCatalogue } from "./corpus/catalogue.js";
export { type CorpusReport, checkCorpus } from "./corpus/check.js";
export { checkCorpusAnnotations, type RecordingAnnotations } from "./corpus/check-corpus-annotations.js";
export { type CorpusSource, catalogueKeys, openCorpusSource } from "./corpus/corpus-source.js";
export { findDuplicates } from "./corpus/duplicates.js";
export { type FindingSummary, summarizeFindings } from "./corpus/finding-summary.js";
export { type RecordingLabels, readLabels } from "./corpus/labels.js";
export type { RecordingEntry } from "./corpus/recording-entry.js";
export { readSplits, writeSplits } from "./corpus/splits.js";
export { type SynthesizeOptions, type SyntheticReport, synthesizeCorpus } from "./corpus/synthetic/synthesize.js";
// dataset
export type { Augmentations } from "./dataset/augment-options.js";
export { balance, type Composition, composition } from "./dataset/balance.js";
export type { BalanceOptions } from "./dataset/balance-options.js";
export { type Batch, type BatchOptions, openBatches } from "./dataset/batches.js";
export type { WindowOrigin } from "./dataset/fill-batch.js";
export { indexWindows, validSamplesOf, type WindowIndex, windowClass } from "./dataset/index-windows.js";
export { type LineLengthOptions, lineLength } from "./dataset/line-length.js";
export { type ExportOptions, type ExportReport, exportNpz } from "./dataset/npz/export-npz.js";
export { type ImportOptions, type ImportReport, importNpz } from "./dataset/npz/import-npz.js";
export { epochOrder } from "./dataset/order.js";
export { type PatientSplit, splitByPatient } from "./dataset/split.js";
export { readViewSignals, type ViewOptions, type ViewSignals } from "./dataset/view-signals.js";
export { exampleWindows, windowPanels } from "./dataset/window-panels.js";
export { openWindowReader, type WindowReader } from "./dataset/window-reader.js";
export { openWindows, type Window, type Windows } from "./dataset/windows.js";
// model
export { createDetector, type Detector, logitCount, type ModelConfig } from "./model/detector.js";
export { type ExportOnnxOptions, exportOnnx } from "./model/export-onnx.js";
export { parameterCount } from "./model/parameters.js";
export { loadSafetensors, saveSafetensors } from "./model/safetensors.js";
export { formatSummary, summarize } from "./model/summary.js";
// plots
export { aeegFigure } from "./plots/aeeg.js";
export { channelMatrix } from "./plots/channel-matrix.js";
export { cacheCoverage, patientShares, seizureShares } from "./plots/dataset.js";
export { type DetectionTrack, detectionFigure } from "./plots/detection.js";
export { eegPage } from "./plots/eeg-page.js";
export { type Caption, type Figure, makeFigure } from "./plots/figure.js";
export { labelAgreement } from "./plots/label-agreement.js";
export {
  detectedByGroup,
  falseAlarmCurve,
  latencyHistogram,
  patientForest,
  reliabilityDiagram,
} from "./plots/measures.js";
export { busiestPatient, patientTimeline } from "./plots/patient-timeline.js";
export { type LeftOutRow, type ReviewRow, reviewList, reviewRow } from "./plots/review/list.js";
export { type ReviewLinks, reviewPage } from "./plots/review/page.js";
export type { DetectorTrack, NamedEvent, ReviewRecording } from "./plots/review/recording.js";
export { type ReviewFigureOptions, reviewFigure } from "./plots/review/review-figure.js";
export { type MarkedThreshold, rocFigure } from "./plots/roc.js";
export { labelTimeline, seizureLengths, timeShare } from "./plots/seizure-labels.js";
export { type DrawnSpectrum, spectraFigure } from "./plots/spectra.js";
export { type ScalpValue, spectrogramFigure, topography } from "./plots/time-frequency.js";
export { trainingCurve } from "./plots/training-curve.js";
export { typeConfusionFigure } from "./plots/type-confusion.js";
export { windowClasses } from "./plots/window-classes.js";
// recording
export { type AnnotationFile, readAnnotations } from "./recording/annotation-file.js";
export type { AnnotationFormat } from "./recording/annotation-rows.js";
export { writeCsv, writeCsvBi, writeHedScoreTsv, writeTse } from "./recording/annotation-write.js";
export { type ByteSource, bytesSource, fileSource } from "./recording/byte-source.js";
export { checkAnnotationFiles } from "./recording/check-annotation-files.js";
export type { Diagnostic } from "./recording/diagnostics.js";
export { type EdfAnnotations, type EdfSegment, readEdfAnnotations } from "./recording/edf-annotations.js";
export { type BlockOptions, type EdfBlock, readEdfBlocks } from "./recording/edf-blocks.js";
export { deidentifyEdf } from "./recording/edf-deidentify.js";
export { type EdfHeader, readEdfHeader } from "./recording/edf-header.js";
export { type EdfInfo, readEdfInfo } from "./recording/edf-info.js";
export { type EdfPage, readEdfPage } from "./recording/edf-page.js";
export type { EdfSignal } from "./recording/edf-signals.js";
export { type EdfSpec, encodeEdf, writeEdf } from "./recording/edf-writer.js";
export type { EegPanel } from "./recording/eeg-panel.js";
export { electrodeOf } from "./recording/electrodes.js";
export type { Finding } from "./recording/finding.js";
export { ANNOTATION_LABELS, type LabelClass, labelClassOf } from "./recording/labels.js";
export { compareAnnotations, seizureEvents } from "./recording/seizures.js";
export { storeSource } from "./recording/store-source.js";
// scoring
export { type AurocDifference, type AurocInterval, aurocInterval, compareAuroc } from "./scoring/auroc-interval.js";
export { type Breakdown, breakdown, type TypedPair } from "./scoring/breakdown.js";
export { calibration } from "./scoring/calibration.js";
export { auroc, type Curves, curves } from "./scoring/curves.js";
export { devMetrics } from "./scoring/dev-metrics.js";
export { type EventOutcomes, eventOutcomes } from "./scoring/event-outcomes.js";
export { createEventStream } from "./scoring/event-stream.js";
export { type NedcReport, scoreNedc } from "./scoring/nedc/score-nedc.js";
export { type OnsetLatency, onsetLatencies, onsetLatency } from "./scoring/onset-latency.js";
export {
  type OperatingPoint,
  operatingPoints,
  pointWithin,
  sensitivityAtFalseAlarms,
} from "./scoring/operating-points.js";
export { detectEvents, POSTPROCESS_DEFAULTS, type PostprocessOptions } from "./scoring/postprocess.js";
export { type RateSensitivity, sensitivitiesAtRates } from "./scoring/rate-sensitivity.js";
export {
  type Evaluation,
  evaluate,
  type PredictedRecording,
  pooledCells,
  type ScoredPair,
  scoreSzcore,
} from "./scoring/score.js";
export { type Comparison, compareDetectors, type ScoreIntervals, scoreIntervals } from "./scoring/score-intervals.js";
export { SZCORE_DEFAULTS, scoreEvents, scoreSamples, szcoreRates } from "./scoring/szcore.js";
export { type SzcoreEvaluationReport, scoreSzcoreEvaluation } from "./scoring/szcore-evaluation.js";
export { type TypeConfusion, typeConfusion } from "./scoring/type-confusion.js";
// signal
export { type Aeeg, aeeg } from "./signal/aeeg.js";
export { type BandRiseOptions, bandRise } from "./signal/band-rise.js";
export {
  type Chain,
  type ChainOptions,
  chainHash,
  createChain,
  DEFAULT_CHAIN,
  REFERENCE_CHAIN,
} from "./signal/chain.js";
export { ELECTRODES_19, electrodePosition, isScalpElectrode } from "./signal/electrodes.js";
export { meanSpectrum } from "./signal/mean-spectrum.js";
export { montageOf } from "./signal/montages.js";
export { bandPowers, EEG_BANDS, type Spectrum, spectrogram, welch } from "./signal/spectrum.js";
// store
export { folderStore } from "./store/folder-store.js";
export { memoryStore } from "./store/memory-store.js";
export { withMirror } from "./store/mirror-store.js";
export { openObject } from "./store/open-object.js";
export { openStore } from "./store/open-store.js";
export { type PullOptions, type PullReport, pull } from "./store/pull.js";
export type { S3StoreOptions } from "./store/s3-client.js";
export { s3Store } from "./store/s3-store.js";
export { type FaultInjectionResult, injectFaults } from "./store/server/fault-injection.js";
export { type S3Server, type S3ServerOptions, startS3Server } from "./store/server/s3-server.js";
export type { ByteRange, ObjectInfo, ReadOptions, Store } from "./store/store.js";
// tensor
export { type ChosenExecutor, type ExecutorProbe, openExecutor, probeExecutors } from "./tensor/open.js";
export type { Compiled, Executor, Program, TensorSpec } from "./tensor/program.js";
// training
export { startTraining, type TrainingHandle } from "./training/handle.js";
export { loadWeights } from "./training/load-weights.js";
export type { TrainOptions } from "./training/options.js";
export type { RecordingPrediction } from "./training/predict.js";
export { predictRecordings } from "./training/predict-recordings.js";
export { readPrediction, readPredictions, writePrediction } from "./training/prediction-store.js";
export { createReceipt, projectCommit, type Receipt, type ReceiptFields } from "./training/receipt.js";
export type { TrainMetrics, TrainReport, Validate, ValidationResult } from "./training/run.js";
