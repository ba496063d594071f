/** SeizeIT1's `P_ID10_r1_a1.tsv`: start, end, type and place of the seizures of one recording, below lines that begin with #. */
import { FormatError } from "@ictal/base/errors";
import { backgroundRow, type ReadPatientOptions } from "./annotation-chb.js";
import type { AnnotationFile } from "./annotation-file.js";
import { checkRows, type RawRow } from "./annotation-rows.js";
import { labelOfHedScore } from "./labels.js";

/** Seizures on the scalp EEG. `_a2` names those that are also seen behind the ear, and is not read. */
export const SEIZEIT1_NAME = /(?:^|\/)P_ID\d+_r\d+_a1\.tsv$/i;

/** The same, and the lists of what is seen behind the ear. */
export const SEIZEIT1_TABLE = /(?:^|\/)P_ID\d+_r\d+_a\d\.tsv$/i;

/** HED-SCORE event types of its seizure types: focal impaired awareness, focal aware, focal to bilateral tonic-clonic. */
const TYPES: Readonly<Record<string, string>> = { FIA: "sz_foc_ia", FA: "sz_foc_a", "F-BTC": "sz_foc_f2b" };

function rowOf(content: string, line: number, file: string): RawRow {
  const [start = "", end = "", type = ""] = content.split("\t").map((cell) => cell.trim());
  const label = Object.hasOwn(TYPES, type.toUpperCase()) ? labelOfHedScore(TYPES[type.toUpperCase()]!) : undefined;
  if (label === undefined)
    throw new FormatError(
      `unknown seizure type "${type.slice(0, 40)}"; expected start, end, type and place of a seizure with tabs between them, type ${Object.keys(TYPES).join(", ")}`,
      { file, line, field: "type" },
    );
  return { line, channel: "TERM", start, end: end === "" ? "n/a" : end, label, labelText: label, confidence: "1" };
}

/**
 * Labels of one recording of SeizeIT1; one without a row is background. A seizure without an end, as the corpus has some, makes the
 * labels unknown. FormatError on a seizure type that is not known.
 */
export function readSeizeIt1(
  text: string,
  { file, recordingSeconds }: Omit<ReadPatientOptions, "recordingName">,
): AnnotationFile {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/);
  const found = lines.flatMap((content, index) =>
    content.trim() === "" || content.startsWith("#") ? [] : [rowOf(content, index + 1, file)],
  );
  const rows = found.length === 0 ? [backgroundRow(1, recordingSeconds)] : found;
  const format = "seizeit1";
  return {
    file,
    format,
    headerLines: lines.filter((line) => line.startsWith("#")),
    ...checkRows(rows, { file, format }),
  };
}
