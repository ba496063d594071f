/**
 * Detectors, their parameters, weights and export to ONNX.
 * @module ictal/model
 */
export { createDetector, type Detector, logitCount, type ModelConfig } from "../model/detector.js";
export { type ExportOnnxOptions, exportOnnx } from "../model/export-onnx.js";
export { readTorchFile } from "../model/import-torch.js";
export { matchWeights, readSafetensorsFile, type WeightsReport } from "../model/import-weights.js";
export { parameterCount } from "../model/parameters.js";
export { loadSafetensors, saveSafetensors } from "../model/safetensors.js";
export { formatSummary, summarizeModel } from "../model/summary.js";
