/** How the labels of a recording follow from its annotation files: the one rule of every command that reads labels. */
import { complementIntervals, type Event } from "../base/events.js";
import type { AnnotationFile } from "./annotation-file.js";
import { type AnnotationFormat, type AnnotationSource, checkEnd } from "./annotation-rows.js";
import { type Finding, invalidatesLabels } from "./finding.js";
import { labelClassOf } from "./labels.js";
import { agreementOf, checkDuration, compareAnnotations, type LabelAgreement, seizureEvents } from "./seizures.js";

/** Order of preference of the file that gives the times, and of the file that gives the seizure types. */
const OF_CORPORA: readonly AnnotationSource[] = ["seizures", "chb-summary", "siena-list", "seizeit1"];
const TIMING_ORDER: readonly AnnotationSource[] = ["csv_bi", "tse_bi", "csv", "tse", "tsv", ...OF_CORPORA];
const TYPE_ORDER: readonly AnnotationSource[] = ["csv", "tse", "tsv", "csv_bi", "tse_bi", ...OF_CORPORA];

/** Durations that two files of one recording give may differ by this, in seconds, and by `DURATION_ERROR_SECONDS`. */
const DURATION_TOLERANCE_SECONDS = 0.1;

/** Longest time without a row, in seconds, of a file that has rows of background; longer ones are reported. */
const UNCOVERED_TOLERANCE_SECONDS = 10;

/** All annotation files of one recording. */
export interface LabelSources {
  /** Those that could be read, in any order. */
  readonly files: readonly AnnotationFile[];
  /** Findings about those that could not be read. */
  readonly readErrors?: readonly Finding[];
  /** Name of the recording's files without folder and extension. */
  readonly recordingName: string;
  /** Duration of the recording itself; absent where there are only annotations. */
  readonly recordingSeconds?: number | undefined;
}

/** The labels of one recording by all its annotation files. */
export interface ResolvedLabels {
  /** "unknown": the seizures are not known for certain, so that no second is background. */
  readonly status: "labelled" | "unknown";
  /** Seizures in order, disjoint, within the duration; none when unknown. The label is the type where one is known. */
  readonly seizures: readonly Event[];
  /** The file that gives the times. */
  readonly timingFile?: AnnotationFile;
  /** The file that gives the seizure types. */
  readonly typeFile?: AnnotationFile;
  /** Of the recording, else of the files. */
  readonly durationSeconds?: number;
  readonly findings: readonly Finding[];
  /** Agreement of the per-channel file with the binary one, where both exist. */
  readonly agreement?: LabelAgreement;
}

/**
 * Labels of one recording from its annotation files, which are checked each by itself, against the recording's name and duration, and against
 * each other. Any error that can hide or invent a seizure makes the labels unknown, in whichever of its files it is.
 */
export function resolveLabels({
  files,
  readErrors = [],
  recordingName,
  recordingSeconds,
}: LabelSources): ResolvedLabels {
  const byFormat = (order: readonly AnnotationSource[]) =>
    order.flatMap((format) => files.filter((file) => file.format === format))[0];
  const [timingFile, typeFile] = [byFormat(TIMING_ORDER), byFormat(TYPE_ORDER)];
  const claimed = [timingFile, ...files].find((file) => file?.durationSeconds !== undefined)?.durationSeconds;
  const durationSeconds = recordingSeconds ?? claimed;
  const durations = { recordingSeconds, durationSeconds };
  const findings = [
    ...readErrors,
    ...files.flatMap((file) => [...findingsOf(file, durations), ...checkName(file, recordingName)]),
    ...(timingFile ? findingsOfTimes(timingFile, files, durations) : []),
  ];
  const isUnknown = timingFile === undefined || findings.some(invalidatesLabels);
  const rows = { events: timingFile?.events ?? [], ...(durationSeconds === undefined ? {} : { durationSeconds }) };
  return {
    status: isUnknown ? "unknown" : "labelled",
    seizures: isUnknown ? [] : seizureEvents(rows, typeFile),
    ...(timingFile && { timingFile }),
    ...(typeFile && { typeFile }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    findings,
    ...agreementIn(files),
  };
}

interface Durations {
  /** Of the recording itself. */
  readonly recordingSeconds: number | undefined;
  /** Of the recording, else of the files. */
  readonly durationSeconds: number | undefined;
}

/** A file by itself, and against the duration. */
function findingsOf(file: AnnotationFile, { recordingSeconds, durationSeconds }: Durations): Finding[] {
  const hasOwn = file.durationSeconds !== undefined;
  return [
    ...file.findings,
    ...(recordingSeconds === undefined ? [] : checkDuration(file, recordingSeconds)),
    ...(hasOwn || durationSeconds === undefined ? [] : checkRowEnds(file, durationSeconds)),
  ];
}

/** The file that gives the times, against the others and the duration. */
function findingsOfTimes(
  timingFile: AnnotationFile,
  files: readonly AnnotationFile[],
  { recordingSeconds, durationSeconds }: Durations,
): Finding[] {
  return [
    ...files.flatMap((file) => (file === timingFile ? [] : compareAnnotations(file, timingFile))),
    ...(recordingSeconds === undefined ? compareDurations(files, timingFile) : []),
    ...(hasNoRows(timingFile) ? [noRows(timingFile.file)] : []),
    ...(durationSeconds === undefined ? [] : checkCoverage(timingFile, durationSeconds)),
  ];
}

/** Rows of a file without a duration, against that of the recording. */
function checkRowEnds({ file, events, instants }: AnnotationFile, durationSeconds: number): Finding[] {
  const findings: Finding[] = [];
  for (const { startSeconds, endSeconds, line } of [...events, ...instants])
    checkEnd(startSeconds, endSeconds, durationSeconds, (code, severity, message, action) =>
      findings.push({ file, line, code, severity, message, action }),
    );
  return findings;
}

/** A name without folder, extension and the "_eeg" of BIDS, in lower case. */
function plainName(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  return last
    .replace(/\.[^.]*$/, "")
    .toLowerCase()
    .replace(/_eeg$/, "");
}

/** The pattern of a name: letters become "a", digits "0", all else is kept. */
const patternOf = (name: string) => name.replaceAll(/[a-z]/g, "a").replaceAll(/[0-9]/g, "0");

/**
 * Compare the recording that a file names in its header. Another name of the same pattern is that of another recording; one of
 * another pattern is that of a recording that was renamed.
 */
function checkName({ file, recordingName: named }: AnnotationFile, recordingName: string): Finding[] {
  if (named === undefined) return [];
  const [own, other] = [plainName(recordingName), plainName(named)];
  if (own === other) return [];
  const isOther = patternOf(own) === patternOf(other);
  return [
    {
      file,
      code: "bname-differs",
      severity: isOther ? "error" : "warning",
      message: `the header's bname is ${JSON.stringify(named.slice(0, 80))}, the recording is ${recordingName}`,
      action: isOther
        ? "find the file that belongs to the recording, or correct the bname; until then the labels of the recording are unknown"
        : "correct the bname if the recording was renamed; else find the file that belongs to it",
    },
  ];
}

/** Durations of the files of a recording whose own is not known. */
function compareDurations(files: readonly AnnotationFile[], timingFile: AnnotationFile): Finding[] {
  return files.flatMap(({ format, durationSeconds: other }): Finding[] => {
    const own = timingFile.durationSeconds;
    const difference = own === undefined || other === undefined ? 0 : Math.abs(own - other);
    if (difference <= DURATION_TOLERANCE_SECONDS) return [];
    const message = `${format} says ${other} s, ${timingFile.format} says ${own} s`;
    const action = `find out which file belongs to the recording; the duration of ${timingFile.format} is used`;
    const severity = difference > 1 ? "error" : "warning";
    return [{ file: timingFile.file, code: "durations-differ", severity, message, action }];
  });
}

/** True when the file has no rows, not even unreadable ones. */
function hasNoRows({ events, instants, findings }: AnnotationFile): boolean {
  return events.length + instants.length === 0 && !findings.some(invalidatesLabels);
}

function noRows(file: string): Finding {
  return {
    file,
    code: "labels-incomplete",
    severity: "error",
    message: "the file has no usable row; it may be truncated, so the labels of the recording are unknown",
    action: "download the file again; a recording without seizures has a row of background (bckg)",
  };
}

/**
 * Time that the rows of a file with seizures and background do not cover: it may hold a seizure that a truncated file lacks.
 * Accepted without a finding: a single row of background, however short, means a recording without seizures, and rows of
 * seizures alone mean that the rest is background.
 */
function checkCoverage({ file, events }: AnnotationFile, durationSeconds: number): Finding[] {
  const kinds = new Set(events.map(({ label }) => labelClassOf(label)));
  if (!kinds.has("background") || !kinds.has("seizure")) return [];
  const uncovered = complementIntervals(events, durationSeconds);
  const longest = uncovered.find(
    ({ startSeconds, endSeconds }) => endSeconds - startSeconds > UNCOVERED_TOLERANCE_SECONDS,
  );
  if (!longest) return [];
  const { startSeconds, endSeconds } = longest;
  return [
    {
      ...{ file, code: "labels-incomplete", severity: "warning" },
      message: `no row covers ${startSeconds} to ${endSeconds} s, though the file has rows of background; treated as background`,
      action: "compare with the original: the file may be truncated; else add the missing rows",
    },
  ];
}

function agreementIn(files: readonly AnnotationFile[]): { agreement?: LabelAgreement } {
  const of = (format: AnnotationFormat) => files.find((file) => file.format === format);
  const [typed, binary] = [of("csv") ?? of("tse"), of("csv_bi") ?? of("tse_bi")];
  return typed && binary ? { agreement: agreementOf(typed, binary) } : {};
}
