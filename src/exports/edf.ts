/**
 * EDF, EDF+ and BDF files: headers, samples, annotations, writing, de-identification.
 * @module ictal/edf
 */
export { type ByteSource, bytesSource, fileSource } from "../recording/byte-source.js";
export type { Diagnostic } from "../recording/diagnostics.js";
export { type EdfAnnotations, type EdfSegment, readEdfAnnotations } from "../recording/edf-annotations.js";
export { type BlockOptions, type EdfBlock, readEdfBlocks } from "../recording/edf-blocks.js";
export { deidentifyEdf } from "../recording/edf-deidentify.js";
export { type EdfHeader, readEdfHeader } from "../recording/edf-header.js";
export { type EdfInfo, readEdfInfo } from "../recording/edf-info.js";
export { type EdfPage, readEdfPage } from "../recording/edf-page.js";
export type { EdfSignal } from "../recording/edf-signals.js";
export { type EdfSpec, encodeEdf, writeEdf } from "../recording/edf-writer.js";
export type { EegPanel } from "../recording/eeg-panel.js";
export { electrodeOf } from "../recording/electrodes.js";
export { storeSource } from "../recording/store-source.js";
