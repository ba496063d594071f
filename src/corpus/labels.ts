import { isIctalError } from "@ictal/base/errors";
import type { Event } from "../base/events.js";
import { annotationFault } from "../recording/annotation-fault.js";
import { type AnnotationFile, readAnnotations } from "../recording/annotation-file.js";
import type { AnnotationFormat } from "../recording/annotation-rows.js";
import type { Finding } from "../recording/finding.js";
import { judgeLabels } from "../recording/label-verdict.js";
import type { LabelAgreement } from "../recording/seizures.js";
import type { Store } from "../store/store.js";
import { RECORDING_NAME } from "./layouts.js";
import type { RecordingEntry } from "./recording-entry.js";

/** What is known of a recording's seizures. */
export interface RecordingLabels {
  readonly id: string;
  readonly durationSeconds: number;
  /** In order, disjoint, within the duration; the label is the type where one is known, else "seiz". */
  readonly seizures: readonly Event[];
  /** "unknown": nothing says what the recording holds, so no second of it is background. */
  readonly status: "labelled" | "unknown";
  readonly findings: readonly Finding[];
  /** How far the per-channel file agrees with the binary one, where both are there. */
  readonly agreement?: LabelAgreement;
}

export interface ReadLabelsOptions {
  /** Duration of the recording in its own time, gaps counted. */
  readonly durationSeconds: number;
  readonly signal?: AbortSignal;
}

/** Where an entry has its annotation files. */
const KEYS = {
  csv_bi: "csvBiKey",
  csv: "csvKey",
  tse_bi: "tseBiKey",
  tse: "tseKey",
  tsv: "tsvKey",
} as const satisfies Record<AnnotationFormat, keyof RecordingEntry>;

/**
 * Seizures of one recording by the rules of `judgeLabels`. Times come from csv_bi (or tse_bi), types from csv (or tse):
 * the type with most seconds inside the seizure. Without the binary file the typed one is used, with a finding; BIDS
 * recordings have their events tsv. No annotation file, one that cannot be read, and any error that could hide or invent
 * a seizure give status "unknown", never background. Faults of the store are thrown.
 */
export async function readLabels(
  store: Store,
  entry: RecordingEntry,
  options: ReadLabelsOptions,
): Promise<RecordingLabels> {
  const { durationSeconds, signal } = options;
  const faults: Finding[] = [];
  const formats = Object.keys(KEYS) as AnnotationFormat[]; // the keys are written above
  const read = await Promise.all(
    formats.map((format) => readFileAt(store, entry[KEYS[format]], format, faults, signal)),
  );
  const files = read.flatMap((file) => file ?? []);
  const recordingName = nameOf(entry.edfKey);
  const verdict = judgeLabels({ files, faults, recordingName, recordingSeconds: durationSeconds });
  const { deciding, status, seizures, agreement } = verdict;
  const findings = [...verdict.findings];
  if (!deciding && faults.length === 0) findings.push(noAnnotation(entry));
  if (deciding?.format === "csv" || deciding?.format === "tse") findings.push(noBinary(deciding.file));
  return { id: entry.id, durationSeconds, seizures, status, findings, ...(agreement && { agreement }) };
}

/** Name of a recording's files, without the `_eeg` of BIDS. */
function nameOf(edfKey: string): string {
  return edfKey
    .slice(edfKey.lastIndexOf("/") + 1)
    .replace(RECORDING_NAME, "")
    .replace(/_eeg$/, "");
}

async function readFileAt(
  store: Store,
  key: string | undefined,
  format: AnnotationFormat,
  faults: Finding[],
  signal: AbortSignal | undefined,
): Promise<AnnotationFile | undefined> {
  if (key === undefined) return undefined;
  const bytes = await store.read(key, signal ? { signal } : {});
  try {
    return readAnnotations(new TextDecoder().decode(bytes), { file: key, format });
  } catch (error) {
    if (!isIctalError(error, "FormatError")) throw error;
    faults.push(annotationFault(key, error));
    return undefined;
  }
}

function noAnnotation({ edfKey }: RecordingEntry): Finding {
  return {
    file: edfKey,
    code: "no-annotation",
    severity: "warning",
    message: "no annotation file lies beside the recording; its time is unknown, not background",
    action: "add the annotation, or leave the recording out",
  };
}

function noBinary(file: string): Finding {
  return {
    file,
    code: "no-binary-annotation",
    severity: "warning",
    message: "the binary file (csv_bi, tse_bi) is missing; seizures come from the per-channel rows",
    action: "none needed; scores by other tools may lack the recording",
  };
}
