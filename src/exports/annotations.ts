/**
 * Seizure annotations: TUSZ csv, csv_bi, tse, HED-SCORE tsv; checks, comparison, writing.
 * @module ictal/annotations
 */
export { type AnnotationFile, readAnnotations } from "../recording/annotation-file.js";
export type { AnnotationFormat } from "../recording/annotation-rows.js";
export { writeCsv, writeCsvBi, writeHedScoreTsv, writeTse } from "../recording/annotation-write.js";
export { checkAnnotationFiles } from "../recording/check-annotation-files.js";
export type { Finding } from "../recording/finding.js";
export { ANNOTATION_LABELS, type LabelClass, labelClassOf } from "../recording/labels.js";
export { compareAnnotations, seizureEvents } from "../recording/seizures.js";
