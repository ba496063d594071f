/** The annotation files that only one corpus has: CHB-MIT's marks and summaries, Siena's lists, SeizeIT1's tables. */
import { readChbSummary } from "./annotation-chb.js";
import type { AnnotationFile } from "./annotation-file.js";
import { readSeizeIt1, SEIZEIT1_NAME } from "./annotation-seizeit1.js";
import { readSienaList } from "./annotation-siena.js";
import { readWfdbSeizures } from "./annotation-wfdb.js";
import { MAIN_FIELDS, readField } from "./edf-fields.js";

/** CHB-MIT's marks, beside the recording. */
export const MARKS_NAME = /\.edf\.seizures$/i;

/** True for the annotations of one recording, named after it, in a form that only one corpus has. */
export const isOwnAnnotation = (path: string): boolean => MARKS_NAME.test(path) || SEIZEIT1_NAME.test(path);

/** A summary or list of all recordings of a patient, in their folder. */
export const PATIENT_LIST_NAME = /(?:^|\/)(?:(chb\d\d)-summary|Seizures-list-(PN\d\d))\.txt$/i;

/** What is known of the recording whose labels are wanted. */
export interface AnnotatedRecording {
  /** File name without folder and ending. */
  readonly recordingName: string;
  readonly recordingSeconds: number;
  readonly sampleRateHz?: number | undefined;
  /** Start by its own header, seconds of the day. */
  readonly startClockSeconds?: number | undefined;
  /** Siena's table of subjects. */
  readonly subjects?: { readonly file: string; readonly text: string } | undefined;
}

/** Seconds of the day at which the header says that a recording starts; undefined where it gives no time. `head` is its first bytes. */
export function startClockOf(head: Uint8Array): number | undefined {
  const { offset, width } = MAIN_FIELDS.startTime;
  const [, hour, minute, second] = /^(\d\d)[.:](\d\d)[.:](\d\d)$/.exec(readField(head, offset, width)) ?? [];
  const time = 3600 * Number(hour) + 60 * Number(minute) + Number(second);
  return Number.isFinite(time) ? time : undefined;
}

/** Bytes that `startClockOf` reads. */
export const START_CLOCK_BYTES = MAIN_FIELDS.startTime.offset + MAIN_FIELDS.startTime.width;

/** The patient of whom a file lists the recordings, as its recordings' names begin, in lower case; undefined for other files. */
export function patientOfList(path: string): string | undefined {
  const [, chb, siena] = PATIENT_LIST_NAME.exec(path) ?? [];
  return (chb ?? siena)?.toLowerCase();
}

/**
 * The annotations of one recording in such a file; undefined where a list does not name it. FormatError on a file of marks that
 * cannot be read.
 */
export function readCorpusFile(bytes: Uint8Array, file: string, of: AnnotatedRecording): AnnotationFile | undefined {
  if (MARKS_NAME.test(file)) return readWfdbSeizures(bytes, { file, sampleRateHz: of.sampleRateHz });
  if (SEIZEIT1_NAME.test(file)) return readSeizeIt1(new TextDecoder().decode(bytes), { file, ...of });
  const text = new TextDecoder("latin1").decode(bytes); // the lists are of before UTF-8
  return file.endsWith("-summary.txt") ? readChbSummary(text, { file, ...of }) : readSienaList(text, { file, ...of });
}
