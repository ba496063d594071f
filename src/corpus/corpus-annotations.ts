/** The annotation files that only one corpus has, read from a store. */
import { isIctalError } from "@ictal/base/errors";
import { readCorpusFile, START_CLOCK_BYTES, startClockOf } from "../recording/annotation-corpus.js";
import type { AnnotationFile } from "../recording/annotation-file.js";
import { readEdfHeader } from "../recording/edf-header.js";
import { usualSampleRate } from "../recording/edf-signals.js";
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
  const { edfKey, seizuresKey, summaryKey, listKey, subjectsKey, seizeIt1Key } = entry;
  const keys = [seizuresKey, summaryKey, listKey, seizeIt1Key].filter((key) => key !== undefined);
  if (keys.length === 0) return [];
  const recordingName = edfKey.slice(edfKey.lastIndexOf("/") + 1).replace(RECORDING_NAME, "");
  const given = signal ? { signal } : {};
  const range = { start: 0, end: START_CLOCK_BYTES };
  const startClockSeconds =
    listKey === undefined ? undefined : startClockOf(await store.read(edfKey, { range, ...given }));
  const sampleRateHz =
    seizuresKey === undefined
      ? undefined
      : usualSampleRate((await readEdfHeader(entrySource(store, entry, signal), given)).signals);
  const subjects =
    subjectsKey === undefined
      ? undefined
      : { file: subjectsKey, text: new TextDecoder().decode(await store.read(subjectsKey, given)) };
  const of = { recordingName, recordingSeconds, sampleRateHz, startClockSeconds, subjects };
  const files: AnnotationFile[] = [];
  for (const key of keys) {
    const bytes = await store.read(key, given);
    try {
      const file = readCorpusFile(bytes, key, of);
      if (file) files.push(file);
    } catch (error) {
      if (!isIctalError(error, "FormatError")) throw error;
      readErrors.push(annotationReadError(key, error));
    }
  }
  return files;
}
