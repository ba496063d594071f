import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readCorpusFile, START_CLOCK_BYTES, startClockOf } from "./annotation-corpus.js";
import { type AnnotationFile, readAnnotations } from "./annotation-file.js";
import { fileSource } from "./byte-source.js";
import { readEdfHeader } from "./edf-header.js";
import { usualSampleRate } from "./edf-signals.js";
import { endpointsApart, spanSecondsOf } from "./edf-timeline.js";
import type { RecordingFiles } from "./find-recordings.js";
import type { Finding } from "./finding.js";
import { annotationReadError } from "./read-error.js";
import type { LabelSources } from "./resolve-labels.js";
import { SUBJECTS_FILE } from "./siena-subjects.js";

/** The annotation files of a recording in a folder, and the duration of the recording beside them. */
export interface LoadedAnnotations extends LabelSources {
  readonly readErrors: readonly Finding[];
  /** Why the header of the recording could not be read. */
  readonly recordingError?: Finding;
}

/** Read the annotation files of one recording and the duration of the EDF or BDF beside them; errors are findings. */
export async function readRecordingFiles(
  { stem, annotations, ofCorpus, compressed, edf }: RecordingFiles,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<LoadedAnnotations> {
  const files: AnnotationFile[] = [];
  const readErrors = compressed.map((path) => compressedFinding(path, annotations.size === 0));
  for (const [format, path] of annotations) {
    signal?.throwIfAborted();
    try {
      files.push(readAnnotations(await readFile(path, "utf8"), { file: path, format }));
    } catch (error) {
      readErrors.push(
        downgradeUnrelated(annotationReadError(path, error), format, annotations.size === 1 && edf === undefined),
      );
    }
  }
  const { recordingSeconds, recordingError, ...facts } = edf === undefined ? {} : await headerOf(edf, signal);
  const subjects = ofCorpus.length > 0 ? await subjectsBeside(dirname(stem), signal) : undefined;
  for (const path of recordingSeconds === undefined ? [] : ofCorpus) {
    const of = { recordingName: basename(stem), recordingSeconds: recordingSeconds ?? 0, subjects, ...facts };
    try {
      const file = readCorpusFile(await readFile(path), path, of);
      if (file) files.push(file);
    } catch (error) {
      readErrors.push(annotationReadError(path, error));
    }
  }
  return {
    files,
    readErrors,
    recordingName: basename(stem),
    recordingSeconds,
    ...(recordingError && { recordingError }),
  };
}

/** The table of subjects beside the folder of a patient. */
async function subjectsBeside(folder: string, signal: AbortSignal | undefined) {
  const file = join(dirname(folder), SUBJECTS_FILE);
  try {
    return { file, text: await readFile(file, { encoding: "utf8", signal }) };
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined; // errors of the file system have a code
    throw error;
  }
}

/** An error where it is the only annotation file; beside another one it is ignored. */
function compressedFinding(file: string, isAlone: boolean): Finding {
  return {
    file,
    code: "compressed-annotation",
    severity: isAlone ? "error" : "warning",
    message: "the annotation file is compressed and not read",
    action: isAlone
      ? "unpack it (gunzip); until then the labels of the recording are unknown"
      : "unpack it (gunzip), or delete it",
  };
}

/** A single table without annotation columns, such as notes.csv, belongs to no recording and is ignored. */
function downgradeUnrelated(finding: Finding, format: string, isAlone: boolean): Finding {
  if (finding.code !== "not-annotations" || !isAlone || (format !== "csv" && format !== "tsv")) return finding;
  return { ...finding, severity: "warning", action: "none needed: the file is ignored; move it if that is wrong" };
}

/** What the header of a recording says that its annotations need. */
interface HeaderFacts {
  readonly recordingSeconds?: number;
  readonly recordingError?: Finding;
  readonly sampleRateHz?: number | undefined;
  readonly startClockSeconds?: number | undefined;
}

async function headerOf(path: string, signal: AbortSignal | undefined): Promise<HeaderFacts> {
  try {
    const source = await fileSource(path);
    try {
      const header = await readEdfHeader(source, { signal });
      const durationSeconds = spanSecondsOf(header, await endpointsApart(source, header));
      if (!Number.isFinite(durationSeconds)) return {};
      const startClockSeconds = startClockOf(await source.read(0, START_CLOCK_BYTES));
      return { recordingSeconds: durationSeconds, sampleRateHz: usualSampleRate(header.signals), startClockSeconds };
    } finally {
      await source.close?.();
    }
  } catch (error) {
    signal?.throwIfAborted();
    return { recordingError: recordingReadError(path, error) };
  }
}

/** The finding for a recording whose header cannot be read; errors that are not about the file are rethrown. */
export function recordingReadError(file: string, error: unknown): Finding {
  const finding = annotationReadError(file, error);
  const action = "repair the file or download it again";
  return { ...finding, code: "recording-unreadable", action };
}
