import { readFile } from "node:fs/promises";
import { mapConcurrent } from "../base/concurrent.js";
import { isIctalError } from "../base/errors.js";
import { totalSeconds } from "../base/events.js";
import { type AnnotationFile, type AnnotationFormat, type Finding, readAnnotations } from "./annotation-file.js";
import { findRecordings, type RecordingFiles } from "./annotation-folder.js";
import { fileSource } from "./byte-source.js";
import { readEdfHeader } from "./edf-header.js";
import { checkDuration, compareAnnotations, seizureEvents } from "./seizures.js";

/** What a folder of annotation files holds; seconds of recordings, each counted once. */
export interface AnnotationReport {
  /** Annotation files read. */
  readonly files: number;
  readonly seizureCount: number;
  readonly seizureSeconds: number;
  readonly backgroundSeconds: number;
  /** Seconds of recordings without a readable annotation. */
  readonly unknownSeconds: number;
  /** Rows and their summed seconds per label, over the most detailed file of each recording. */
  readonly byLabel: Readonly<Record<string, { readonly rows: number; readonly seconds: number }>>;
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly signal?: AbortSignal;
  /** Called after each recording. */
  readonly onProgress?: (done: number, total: number) => void;
}

const CONCURRENCY = 16;

/** Which file decides about seizures, and which tells most about types. */
const BINARY_FIRST: readonly AnnotationFormat[] = ["csv_bi", "tse_bi", "csv", "tse", "tsv"];
const TYPED_FIRST: readonly AnnotationFormat[] = ["csv", "tse", "tsv", "csv_bi", "tse_bi"];

/**
 * Check annotation files of a folder (walked) or one file with its siblings of the same stem: each file by itself, csv
 * against csv_bi, durations against the EDF or BDF beside them. A file that cannot be read is an error finding.
 * NotFoundError when there is no such path.
 */
export async function checkAnnotations(path: string, options: CheckOptions = {}): Promise<AnnotationReport> {
  const recordings = await findRecordings(path);
  let done = 0;
  const check = async (recording: RecordingFiles) => {
    const result = await checkRecording(recording);
    done += 1;
    options.onProgress?.(done, recordings.length);
    return result;
  };
  const results = await mapConcurrent(recordings, CONCURRENCY, check, options.signal);
  const report = summarize(results);
  return report.files > 0 ? report : { ...report, findings: [...report.findings, nothingFinding(path)] };
}

function nothingFinding(file: string): Finding {
  return {
    file,
    code: "no-annotation-files",
    severity: "warning",
    message: "no annotation file found (csv, csv_bi, tse, tse_bi, tsv)",
    action: "check the path",
  };
}

interface RecordingResult {
  readonly files: number;
  readonly seizureCount: number;
  readonly seizureSeconds: number;
  readonly durationSeconds: number | undefined;
  readonly isLabelled: boolean;
  readonly rows: AnnotationFile["events"];
  readonly findings: Finding[];
}

async function checkRecording({ annotations, edf }: RecordingFiles): Promise<RecordingResult> {
  const findings: Finding[] = [];
  const edfSeconds = edf === undefined ? undefined : await edfDuration(edf, findings);
  const files = new Map<AnnotationFormat, AnnotationFile>();
  for (const [format, path] of annotations) {
    const file = await readFileAnnotations(path, format, findings);
    if (!file) continue;
    findings.push(...file.findings);
    if (edfSeconds !== undefined) findings.push(...checkDuration(file, edfSeconds));
    files.set(format, file);
  }
  for (const [typed, binary] of [
    ["csv", "csv_bi"],
    ["tse", "tse_bi"],
  ] as const) {
    if (files.has(typed) && files.has(binary))
      findings.push(...compareAnnotations(files.get(typed)!, files.get(binary)!));
  }
  if (edf !== undefined && annotations.size === 0) findings.push(unlabelledFinding(edf));
  return resultOf(files, annotations.size, edfSeconds, findings);
}

function resultOf(
  files: ReadonlyMap<AnnotationFormat, AnnotationFile>,
  fileCount: number,
  edfSeconds: number | undefined,
  findings: Finding[],
): RecordingResult {
  const binary = BINARY_FIRST.flatMap((format) => files.get(format) ?? [])[0];
  const typed = TYPED_FIRST.flatMap((format) => files.get(format) ?? [])[0];
  const durationSeconds =
    edfSeconds ?? [...files.values()].find((file) => file.durationSeconds !== undefined)?.durationSeconds;
  const seizures = binary
    ? seizureEvents({ events: binary.events, ...(durationSeconds === undefined ? {} : { durationSeconds }) })
    : [];
  return {
    files: fileCount,
    seizureCount: seizures.length,
    seizureSeconds: totalSeconds(seizures),
    durationSeconds,
    isLabelled: binary !== undefined,
    rows: typed?.events ?? [],
    findings,
  };
}

async function edfDuration(path: string, findings: Finding[]): Promise<number | undefined> {
  try {
    const source = await fileSource(path);
    try {
      const { durationSeconds } = await readEdfHeader(source);
      return Number.isFinite(durationSeconds) ? durationSeconds : undefined;
    } finally {
      await source.close?.();
    }
  } catch (error) {
    findings.push(unreadableFinding(path, error, "recording-unreadable"));
    return undefined;
  }
}

async function readFileAnnotations(
  path: string,
  format: AnnotationFormat,
  findings: Finding[],
): Promise<AnnotationFile | undefined> {
  try {
    return readAnnotations(await readFile(path, "utf8"), { file: path, format });
  } catch (error) {
    findings.push(unreadableFinding(path, error, "unreadable"));
    return undefined;
  }
}

/** A finding for a file that stopped its reader; errors that are not about the file are thrown on. */
function unreadableFinding(file: string, error: unknown, code: string): Finding {
  const system = (error as NodeJS.ErrnoException).code;
  if (isIctalError(error, "FormatError")) {
    const { line, field } = error.place;
    const isLabel = field === "label" || field === "eventType";
    return {
      file,
      ...(line === undefined ? {} : { line }),
      code: isLabel ? "unknown-label" : code,
      severity: "error",
      message: error.message,
      action: isLabel
        ? "correct the label; the file counts as unknown until then"
        : "repair or replace the file; it counts as unknown until then",
    };
  }
  if (system !== "EACCES" && system !== "ENOENT" && system !== "EISDIR" && !isIctalError(error, "NotFoundError"))
    throw error;
  return { file, code, severity: "error", message: (error as Error).message, action: "make the file readable" };
}

function unlabelledFinding(file: string): Finding {
  return {
    file,
    code: "no-annotation",
    severity: "warning",
    message: "the recording has no annotation file beside it; its time is unknown, not background",
    action: "add the annotation, or leave the recording out",
  };
}

function summarize(results: readonly RecordingResult[]): AnnotationReport {
  const byLabel: Record<string, { rows: number; seconds: number }> = {};
  let unknownSeconds = 0;
  let backgroundSeconds = 0;
  for (const { rows, durationSeconds = 0, isLabelled, seizureSeconds } of results) {
    if (isLabelled) backgroundSeconds += Math.max(0, durationSeconds - seizureSeconds);
    else unknownSeconds += durationSeconds;
    for (const { label, startSeconds, endSeconds } of rows) {
      const entry = byLabel[label] ?? { rows: 0, seconds: 0 };
      byLabel[label] = { rows: entry.rows + 1, seconds: entry.seconds + endSeconds - startSeconds };
    }
  }
  return {
    files: sum(results, (result) => result.files),
    seizureCount: sum(results, (result) => result.seizureCount),
    seizureSeconds: rounded(sum(results, (result) => result.seizureSeconds)),
    backgroundSeconds: rounded(backgroundSeconds),
    unknownSeconds: rounded(unknownSeconds),
    byLabel: Object.fromEntries(
      Object.entries(byLabel)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([label, { rows, seconds }]) => [label, { rows, seconds: rounded(seconds) }]),
    ),
    findings: results.flatMap((result) => result.findings),
  };
}

function sum(results: readonly RecordingResult[], value: (result: RecordingResult) => number): number {
  return results.reduce((total, result) => total + value(result), 0);
}

/** Seconds without the dust of binary sums; annotation times have four decimals. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
