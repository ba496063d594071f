/** The annotation files that only one corpus has: CHB-MIT's marks and summaries, Siena's lists. */
import { isIctalError } from "@ictal/base/errors";
import { readChbSummary } from "../recording/annotation-chb.js";
import type { AnnotationFile } from "../recording/annotation-file.js";
import { readSienaList } from "../recording/annotation-siena.js";
import { readWfdbSeizures } from "../recording/annotation-wfdb.js";
import { MAIN_FIELDS, readField } from "../recording/edf-fields.js";
import { readEdfHeader } from "../recording/edf-header.js";
import type { Finding } from "../recording/finding.js";
import { annotationReadError } from "../recording/read-error.js";
import type { Store } from "../store/store.js";
import { entrySource } from "./entry-source.js";
import { RECORDING_NAME } from "./layouts.js";
import type { RecordingEntry } from "./recording-entry.js";

interface Options {
  readonly durationSeconds: number;
  readonly signal?: AbortSignal | undefined;
}

type Read = (key: string, bytes: Uint8Array) => AnnotationFile | undefined | Promise<AnnotationFile | undefined>;

/** Seconds of the day at which the header says that a recording starts; undefined where it gives no time. */
async function startClockOf(
  store: Store,
  { edfKey }: RecordingEntry,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const { offset, width } = MAIN_FIELDS.startTime;
  const bytes = await store.read(edfKey, { range: { start: offset, end: offset + width }, ...(signal && { signal }) });
  const [, hour, minute, second] = /^(\d\d)[.:](\d\d)[.:](\d\d)$/.exec(readField(bytes, 0, width)) ?? [];
  const time = 3600 * Number(hour) + 60 * Number(minute) + Number(second);
  return Number.isFinite(time) ? time : undefined;
}

/** The rate of the first signal with samples, by which marks without a time resolution are counted. */
async function sampleRateOf(store: Store, entry: RecordingEntry, signal?: AbortSignal): Promise<number | undefined> {
  const { signals } = await readEdfHeader(entrySource(store, entry, signal), { signal });
  return signals.find(({ isAnnotation, sampleRateHz }) => !isAnnotation && sampleRateHz > 0)?.sampleRateHz;
}

/**
 * The annotations of one recording in the files that only its corpus has; a list that does not name the recording gives none. What
 * is wrong with a file goes to `readErrors`. Errors of the store are thrown.
 */
export async function readCorpusAnnotations(
  store: Store,
  entry: RecordingEntry,
  { durationSeconds: recordingSeconds, signal }: Options,
  readErrors: Finding[],
): Promise<AnnotationFile[]> {
  const recordingName = entry.edfKey.slice(entry.edfKey.lastIndexOf("/") + 1).replace(RECORDING_NAME, "");
  const textOf = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes); // the lists are of before UTF-8
  const readers: readonly (readonly [key: string | undefined, read: Read])[] = [
    [
      entry.seizuresKey,
      async (file, bytes) => readWfdbSeizures(bytes, { file, sampleRateHz: await sampleRateOf(store, entry, signal) }),
    ],
    [entry.summaryKey, (file, bytes) => readChbSummary(textOf(bytes), { file, recordingName, recordingSeconds })],
    [
      entry.listKey,
      async (file, bytes) => {
        const startClockSeconds = await startClockOf(store, entry, signal);
        return readSienaList(textOf(bytes), { file, recordingName, recordingSeconds, startClockSeconds });
      },
    ],
  ];
  const files: AnnotationFile[] = [];
  for (const [key, read] of readers) {
    if (key === undefined) continue;
    const bytes = await store.read(key, signal ? { signal } : {});
    try {
      const file = await read(key, bytes);
      if (file) files.push(file);
    } catch (error) {
      if (!isIctalError(error, "FormatError")) throw error;
      readErrors.push(annotationReadError(key, error));
    }
  }
  return files;
}
