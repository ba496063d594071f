import { readFile } from "node:fs/promises";
import { mapConcurrent } from "../base/concurrent.js";
import { isIctalError } from "../base/errors.js";
import { type Event, totalSeconds } from "../base/events.js";
import { type AnnotationFile, readAnnotations } from "./annotation-file.js";
import { findRecordings, type RecordingFiles } from "./annotation-folder.js";
import type { AnnotationFormat } from "./annotation-rows.js";
import { fileSource } from "./byte-source.js";
import { readEdfHeader } from "./edf-header.js";
import type { Finding } from "./finding.js";
import { checkDuration, compareAnnotations, doubtAbout, seizureEvents } from "./seizures.js";

/** What one annotation file holds by itself. */
export interface AnnotationFileCounts {
  readonly file: string;
  readonly format: AnnotationFormat;
  /** False when its reader stopped; all counts are 0 then. */
  readonly isReadable: boolean;
  /** The file's own claim; null where it has none. */
  readonly durationSeconds: number | null;
  readonly rows: number;
  /** Seizure rows of all channels, cut to the duration and merged. */
  readonly seizureCount: number;
  readonly seizureSeconds: number;
  readonly errors: number;
  readonly warnings: number;
}

/** What a folder of annotation files holds; seconds of recordings, each counted once. */
export interface AnnotationReport {
  /** Annotation files read. */
  readonly files: number;
  readonly seizureCount: number;
  readonly seizureSeconds: number;
  readonly backgroundSeconds: number;
  /** Seconds of recordings without a readable annotation. */
  readonly unknownSeconds: number;
  /** Seizures and their seconds by type: what the most detailed file says about each. */
  readonly byType: Readonly<Record<string, { readonly seizures: number; readonly seconds: number }>>;
  /** Rows and their summed seconds, cut to the duration, per label, over the most detailed file of each recording. */
  readonly byLabel: Readonly<Record<string, { readonly rows: number; readonly seconds: number }>>;
  /** In the order of the files. */
  readonly perFile: readonly AnnotationFileCounts[];
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
  readonly perFile: readonly AnnotationFileCounts[];
  readonly seizures: readonly Event[];
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
      findings.push(...comparePair(files.get(typed)!, files.get(binary)!, edfSeconds));
  }
  const binary = deciding(files, BINARY_FIRST);
  const doubt = binary && doubtAbout(binary);
  if (doubt) findings.push(doubt);
  if (binary?.format.startsWith("tse") && edfSeconds === undefined) findings.push(untoldFinding(binary.file));
  if (edf !== undefined && annotations.size === 0) findings.push(unlabelledFinding(edf));
  return resultOf(files, annotations, edfSeconds, findings);
}

function untoldFinding(file: string): Finding {
  return {
    file,
    code: "duration-unknown",
    severity: "info",
    message: "tse text tells no duration, and no recording lies beside it: its background is not counted",
    action: "put the recording beside it",
  };
}

/** Differences of the two files of a recording; their durations only where no recording decides about them. */
function comparePair(typed: AnnotationFile, binary: AnnotationFile, edfSeconds: number | undefined): Finding[] {
  const found = compareAnnotations(typed, binary);
  const [own, other] = [binary.durationSeconds, typed.durationSeconds];
  if (edfSeconds !== undefined || own === undefined || other === undefined || Math.abs(own - other) <= 0.1)
    return found;
  const message = `${typed.format} says ${other} s, ${binary.format} says ${own} s`;
  const action = "find out which file belongs to the recording; the binary file's duration is used";
  const severity = Math.abs(own - other) > 1 ? ("error" as const) : ("warning" as const);
  return [...found, { file: binary.file, code: "durations-differ", severity, message, action }];
}

function deciding(
  files: ReadonlyMap<AnnotationFormat, AnnotationFile>,
  order: readonly AnnotationFormat[],
): AnnotationFile | undefined {
  return order.flatMap((format) => files.get(format) ?? [])[0];
}

function resultOf(
  files: ReadonlyMap<AnnotationFormat, AnnotationFile>,
  paths: ReadonlyMap<AnnotationFormat, string>,
  edfSeconds: number | undefined,
  findings: Finding[],
): RecordingResult {
  const binary = deciding(files, BINARY_FIRST);
  const typed = deciding(files, TYPED_FIRST);
  const claimed = [binary, ...files.values()].find((file) => file?.durationSeconds !== undefined)?.durationSeconds;
  const durationSeconds = edfSeconds ?? claimed;
  return {
    perFile: [...paths].map(([format, file]) => countsOf(file, format, files.get(format), findings)),
    seizures: binary ? seizureEvents(cutTo(binary, durationSeconds), typed) : [],
    durationSeconds,
    isLabelled: binary !== undefined && doubtAbout(binary) === undefined,
    rows: typed?.events ?? [],
    findings,
  };
}

const cutTo = ({ events }: AnnotationFile, durationSeconds: number | undefined) => ({
  events,
  ...(durationSeconds === undefined ? {} : { durationSeconds }),
});

function countsOf(
  path: string,
  format: AnnotationFormat,
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
    seizureSeconds: rounded(totalSeconds(seizures)),
    errors: count("error"),
    warnings: count("warning"),
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
    seizureSeconds: rounded(sum(results, ({ seizures }) => totalSeconds(seizures))),
    backgroundSeconds: rounded(backgroundSeconds),
    unknownSeconds: rounded(unknownSeconds),
    byType: inOrder(byType),
    byLabel: inOrder(byLabel),
    perFile: results.flatMap(({ perFile }) => perFile),
    findings: results.flatMap((result) => result.findings),
  };
}

/** Entries by name, their seconds rounded. */
function inOrder<Entry extends { readonly seconds: number }>(entries: ReadonlyMap<string, Entry>) {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, entry]) => [name, { ...entry, seconds: rounded(entry.seconds) }]));
}

function sum(results: readonly RecordingResult[], value: (result: RecordingResult) => number): number {
  return results.reduce((total, result) => total + value(result), 0);
}

/** Seconds without the dust of binary sums; annotation times have four decimals. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
