import { isIctalError } from "@ictal/base/errors";
import type { Event } from "../base/events.js";
import { type AnnotationFile, readAnnotations } from "../recording/annotation-file.js";
import type { AnnotationFormat } from "../recording/annotation-rows.js";
import type { Finding } from "../recording/finding.js";
import { labelClassOf } from "../recording/labels.js";
import { annotationReadError } from "../recording/read-error.js";
import { resolveLabels } from "../recording/resolve-labels.js";
import type { LabelAgreement } from "../recording/seizures.js";
import type { Store } from "../store/store.js";
import { readCorpusAnnotations } from "./corpus-annotations.js";
import { RECORDING_NAME } from "./layouts.js";
import type { RecordingEntry } from "./recording-entry.js";

/** The seizure labels of a recording. */
export interface RecordingLabels {
  readonly id: string;
  readonly durationSeconds: number;
  /** In order, disjoint, within the duration; the label is the type where one is known, else "seiz". */
  readonly seizures: readonly Event[];
  /** "unknown": the seizures are not known for certain, so no second is background. */
  readonly status: "labelled" | "unknown";
  readonly findings: readonly Finding[];
  /** Agreement of the per-channel file with the binary one, where both exist. */
  readonly agreement?: LabelAgreement;
  /** Where asked for, and the labels are known and name channels. */
  readonly perChannel?: ChannelLabels;
}

/** Seizure rows of the channels of a recording, as its per-channel file has them. */
export interface ChannelLabels {
  /** All channels that the file names, also those of background alone, in its order. */
  readonly channels: readonly string[];
  readonly seizures: readonly (Event & { readonly channel: string })[];
}

export interface ReadLabelsOptions {
  /** Duration of the recording in its own time, gaps counted. */
  readonly durationSeconds: number;
  /** Return the rows of channels too. @default false */
  readonly perChannel?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Channel of the rows that are about all channels. */
const WHOLE_RECORDING = "TERM";

/** Keys of an entry's annotation files, by format. */
const KEYS = {
  csv_bi: "csvBiKey",
  csv: "csvKey",
  tse_bi: "tseBiKey",
  tse: "tseKey",
  tsv: "tsvKey",
} as const satisfies Record<AnnotationFormat, keyof RecordingEntry>;

/**
 * Seizures of one recording by the rules of `resolveLabels`. Times come from csv_bi (or tse_bi), types from csv (or tse):
 * the type with most seconds inside the seizure. Without the binary file the typed one is used, with a finding; BIDS
 * recordings have their events tsv, CHB-MIT its marks and summaries, Siena its lists. No annotation file, one that cannot be read, and any error that could hide or invent
 * a seizure give status "unknown", never background. Errors of the store are thrown.
 */
export async function readLabels(
  store: Store,
  entry: RecordingEntry,
  options: ReadLabelsOptions,
): Promise<RecordingLabels> {
  const { durationSeconds, signal } = options;
  const readErrors: Finding[] = [];
  const formats = Object.keys(KEYS) as AnnotationFormat[]; // the keys are listed above
  const read = await Promise.all(
    formats.map((format) => readFileAt(store, entry[KEYS[format]], format, readErrors, signal)),
  );
  const ofCorpus = await readCorpusAnnotations(store, entry, options, readErrors);
  const files = [...read.flatMap((file) => file ?? []), ...ofCorpus];
  const recordingName = nameOf(entry.edfKey);
  const resolved = resolveLabels({ files, readErrors, recordingName, recordingSeconds: durationSeconds });
  const { timingFile, status, seizures, agreement } = resolved;
  const findings = [...resolved.findings];
  if (!timingFile && readErrors.length === 0) findings.push(noAnnotation(entry));
  if (timingFile?.format === "csv" || timingFile?.format === "tse") findings.push(noBinary(timingFile.file));
  const perChannel = options.perChannel && status === "labelled" && channelLabels(resolved.typeFile);
  const labels = { id: entry.id, durationSeconds, seizures, status, findings };
  return { ...labels, ...(agreement && { agreement }), ...(perChannel && { perChannel }) };
}

/** The rows of a file that names channels; HED-SCORE rows name several at once. */
function channelLabels(file: AnnotationFile | undefined): ChannelLabels | undefined {
  const rows = (file?.events ?? []).flatMap(({ channel, startSeconds, endSeconds, label, confidence }) =>
    channel === WHOLE_RECORDING
      ? []
      : channel.split(",").map((name) => ({ channel: name.trim(), startSeconds, endSeconds, label, confidence })),
  );
  if (rows.length === 0) return undefined;
  const channels = [...new Set(rows.map(({ channel }) => channel))];
  return { channels, seizures: rows.filter(({ label }) => labelClassOf(label) === "seizure") };
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
  readErrors: Finding[],
  signal: AbortSignal | undefined,
): Promise<AnnotationFile | undefined> {
  if (key === undefined) return undefined;
  const bytes = await store.read(key, signal ? { signal } : {});
  try {
    return readAnnotations(new TextDecoder().decode(bytes), { file: key, format });
  } catch (error) {
    if (!isIctalError(error, "FormatError")) throw error;
    readErrors.push(annotationReadError(key, error));
    return undefined;
  }
}

function noAnnotation({ edfKey }: RecordingEntry): Finding {
  return {
    file: edfKey,
    code: "no-annotation",
    severity: "warning",
    message: "there is no annotation file beside the recording; its time is unknown, not background",
    action: "add the annotation, or exclude the recording",
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
