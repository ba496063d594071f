/**
 * Windows, balancing, batches, splits by patient.
 * @module ictal/dataset
 */
export type { Augmentations } from "../dataset/augment-options.js";
export { balanceWindows, type Composition, windowComposition } from "../dataset/balance.js";
export type { BalanceOptions } from "../dataset/balance-options.js";
export { type Batch, type BatchOptions, openBatches } from "../dataset/batches.js";
export type { WindowOrigin } from "../dataset/fill-batch.js";
export { indexWindows, validSamplesOf, type WindowIndex, windowClass } from "../dataset/index-windows.js";
export { type LineLengthOptions, lineLength } from "../dataset/line-length.js";
export { type ExportOptions, type ExportReport, exportNpz } from "../dataset/npz/export-npz.js";
export { type ImportOptions, type ImportReport, importNpz } from "../dataset/npz/import-npz.js";
export { epochOrder } from "../dataset/order.js";
export { assignSplits, foldsOf, type PatientSplit, type SplitManifest, splitByPatient } from "../dataset/split.js";
export type { SplitChoice } from "../dataset/split-options.js";
export type { SplitPart, SplitRecord } from "../dataset/split-record.js";
export { readViewSignals, type ViewOptions, type ViewSignals } from "../dataset/view-signals.js";
export { WINDOW_FEATURES, windowFeatures } from "../dataset/window-features.js";
export { exampleWindows, windowPanels } from "../dataset/window-panels.js";
export { openWindowReader, type WindowReader } from "../dataset/window-reader.js";
export { openWindows, type Window, type Windows } from "../dataset/windows.js";
