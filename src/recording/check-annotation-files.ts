import { mapConcurrent } from "../base/concurrent.js";
import { type Event, totalSeconds } from "../base/events.js";
import type { AnnotationFile } from "./annotation-file.js";
import type { AnnotationSource } from "./annotation-rows.js";
import { findRecordings, type RecordingFiles } from "./find-recordings.js";
import type { Finding } from "./finding.js";
import { readRecordingFiles } from "./recording-files.js";
import { resolveLabels } from "./resolve-labels.js";
import { seizureEvents } from "./seizures.js";

/** Counts of one annotation file. */
export interface AnnotationFileCounts {
  readonly file: string;
  readonly format: AnnotationSource;
  /** False when the file could not be read; all counts are 0 then. */
  readonly isReadable: boolean;
  /** Duration given in the file; null where it has none. */
  readonly durationSeconds: number | null;
  readonly rows: number;
  /** Seizure rows of all channels, truncated to the duration and merged. */
  readonly seizureCount: number;
  readonly seizureSeconds: number;
  readonly errors: number;
  readonly warnings: number;
}

/** Summary of a folder of annotation files; seconds of recordings, each counted once. */
export interface AnnotationReport {
  /** Annotation files read. */
  readonly files: number;
  readonly seizureCount: number;
  readonly seizureSeconds: number;
  readonly backgroundSeconds: number;
  /** Seconds of recordings without a readable annotation. */
  readonly unknownSeconds: number;
  /** Seizures and their seconds by type: by the most detailed file of each recording. */
  readonly byType: Readonly<Record<string, { readonly seizures: number; readonly seconds: number }>>;
  /** Rows and their summed seconds, truncated to the duration, per label, over the most detailed file of each recording. */
  readonly byLabel: Readonly<Record<string, { readonly rows: number; readonly seconds: number }>>;
  /** In the order of the files. */
  readonly perFile: readonly AnnotationFileCounts[];
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each recording. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const CONCURRENCY = 16;

/**
 * Check the annotation files of a folder (recursively) or one file with its siblings of the same stem, by the rules of
 * `resolveLabels`: each file by itself, the files of a recording against each other and against the EDF or BDF beside them.
 * A file that cannot be read and a folder without any are error findings. NotFoundError when there is no such path.
 */
export async function checkAnnotationFiles(path: string, options: CheckOptions = {}): Promise<AnnotationReport> {
  const recordings = await findRecordings(path, options);
  let done = 0;
  const check = async (recording: RecordingFiles) => {
    const result = await checkRecording(recording, options.signal);
    done += 1;
    options.onProgress?.(done, recordings.length);
    return result;
  };
  const results = await mapConcurrent(recordings, CONCURRENCY, check, options.signal);
  const report = summarize(results);
  return report.files > 0 ? report : { ...report, findings: [...report.findings, noFilesFinding(path)] };
}

function noFilesFinding(file: string): Finding {
  return {
    file,
    code: "no-annotation-files",
    severity: "error",
    message: "no annotation file found (csv, csv_bi, tse, tse_bi, tsv)",
    action: "check the path",
  };
}

interface RecordingResult {
  readonly perFile: readonly AnnotationFileCounts[];
  readonly seizures: readonly Event[];
  readonly durationSeconds: number | undefined;
  readonly isLabelled: boolean;
  readonly rows: AnnotationFile["events"];
  readonly findings: Finding[];
}

async function checkRecording(recording: RecordingFiles, signal: AbortSignal | undefined): Promise<RecordingResult> {
  const { annotations, compressed, edf } = recording;
  const { files, readErrors, recordingName, recordingSeconds, recordingError } = await readRecordingFiles(recording, {
    signal,
  });
  const resolved = resolveLabels({ files, readErrors, recordingName, recordingSeconds });
  const findings = [...(recordingError ? [recordingError] : []), ...resolved.findings];
  const { timingFile, typeFile, status, seizures, durationSeconds } = resolved;
  if (timingFile?.format.startsWith("tse") && durationSeconds === undefined)
    findings.push(unknownDurationFinding(timingFile.file));
  const isUnlabelled = annotations.size + compressed.length + files.length + readErrors.length === 0;
  if (edf !== undefined && isUnlabelled) findings.push(unlabelledFinding(edf));
  return {
    perFile: sourcesOf(annotations, files).map(([format, path]) =>
      countsOf(
        path,
        format,
        files.find((file) => file.format === format),
        findings,
      ),
    ),
    ...{ seizures, durationSeconds, findings },
    isLabelled: status === "labelled",
    rows: typeFile?.events ?? [],
  };
}

/** The annotation files beside a recording, and those of its corpus that speak of it. */
function sourcesOf(
  annotations: RecordingFiles["annotations"],
  files: readonly AnnotationFile[],
): (readonly [AnnotationSource, string])[] {
  const ofCorpus = files.filter(({ format }) => ![...annotations.keys()].some((known) => known === format));
  return [...annotations, ...ofCorpus.map(({ format, file }) => [format, file] as const)];
}

function unknownDurationFinding(file: string): Finding {
  return {
    file,
    code: "duration-unknown",
    severity: "info",
    message: "a tse file holds no duration, and there is no recording beside it: its background is not counted",
    action: "put the recording beside it",
  };
}

function countsOf(
  path: string,
  format: AnnotationSource,
  file: AnnotationFile | undefined,
  findings: readonly Finding[],
): AnnotationFileCounts {
  const seizures = file ? seizureEvents(file) : [];
  const count = (severity: Finding["severity"]) =>
    findings.filter((found) => found.file === path && found.severity === severity).length;
  return {
    file: path,
    format,
    isReadable: file !== undefined,
    durationSeconds: file?.durationSeconds ?? null,
    rows: file?.events.length ?? 0,
    seizureCount: seizures.length,
    seizureSeconds: roundedSeconds(totalSeconds(seizures)),
    errors: count("error"),
    warnings: count("warning"),
  };
}

function unlabelledFinding(file: string): Finding {
  return {
    file,
    code: "no-annotation",
    severity: "warning",
    message: "the recording has no annotation file beside it; its time is unknown, not background",
    action: "add the annotation, or exclude the recording",
  };
}

function summarize(results: readonly RecordingResult[]): AnnotationReport {
  const byLabel = new Map<string, { rows: number; seconds: number }>();
  const byType = new Map<string, { seizures: number; seconds: number }>();
  let unknownSeconds = 0;
  let backgroundSeconds = 0;
  for (const { rows, durationSeconds = 0, isLabelled, seizures } of results) {
    const rest = Math.max(0, durationSeconds - totalSeconds(seizures));
    if (isLabelled) backgroundSeconds += rest;
    else unknownSeconds += rest;
    for (const { label, startSeconds, endSeconds } of rows) {
      const end = durationSeconds > 0 ? Math.min(endSeconds, Math.max(startSeconds, durationSeconds)) : endSeconds;
      const entry = byLabel.get(label) ?? { rows: 0, seconds: 0 };
      byLabel.set(label, { rows: entry.rows + 1, seconds: entry.seconds + end - startSeconds });
    }
    for (const { label, startSeconds, endSeconds } of seizures) {
      const entry = byType.get(label) ?? { seizures: 0, seconds: 0 };
      byType.set(label, { seizures: entry.seizures + 1, seconds: entry.seconds + endSeconds - startSeconds });
    }
  }
  return {
    files: sum(results, ({ perFile }) => perFile.length),
    seizureCount: sum(results, ({ seizures }) => seizures.length),
    seizureSeconds: roundedSeconds(sum(results, ({ seizures }) => totalSeconds(seizures))),
    backgroundSeconds: roundedSeconds(backgroundSeconds),
    unknownSeconds: roundedSeconds(unknownSeconds),
    byType: sortedEntries(byType),
    byLabel: sortedEntries(byLabel),
    perFile: results.flatMap(({ perFile }) => perFile),
    findings: results.flatMap((result) => result.findings),
  };
}

/** Entries sorted by name, their seconds rounded. */
function sortedEntries<Entry extends { readonly seconds: number }>(entries: ReadonlyMap<string, Entry>) {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([name, entry]) => [name, { ...entry, seconds: roundedSeconds(entry.seconds) }]),
  );
}

function sum(results: readonly RecordingResult[], value: (result: RecordingResult) => number): number {
  return results.reduce((total, result) => total + value(result), 0);
}

/** Seconds without floating-point error of sums; annotation times have four decimals. */
function roundedSeconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
