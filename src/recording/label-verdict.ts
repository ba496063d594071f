/** The one rule about what the annotation files of a recording say, for every verb that reads labels. */
import { complementIntervals, type Event } from "../base/events.js";
import type { AnnotationFile } from "./annotation-file.js";
import { type AnnotationFormat, checkEnd } from "./annotation-rows.js";
import { doubtsLabels, type Finding } from "./finding.js";
import { classOf } from "./labels.js";
import { agreementOf, checkDuration, compareAnnotations, type LabelAgreement, seizureEvents } from "./seizures.js";

/** Which file decides about times, and which tells most about types. */
const DECIDING: readonly AnnotationFormat[] = ["csv_bi", "tse_bi", "csv", "tse", "tsv"];
const TYPED: readonly AnnotationFormat[] = ["csv", "tse", "tsv", "csv_bi", "tse_bi"];

/** Durations that two files of one recording give may differ by this, in seconds, and by `DURATION_ERROR_SECONDS`. */
const DURATION_TOLERANCE_SECONDS = 0.1;

/** A file that tells where background is leaves at most so many seconds at a time without a row; more is told. */
const UNTOLD_TOLERANCE_SECONDS = 10;

/** All annotation files of one recording. */
export interface LabelSources {
  /** Those that were read, in any order. */
  readonly files: readonly AnnotationFile[];
  /** Why others could not be read. */
  readonly faults?: readonly Finding[];
  /** Name of the recording's files without folder and ending. */
  readonly recordingName: string;
  /** Duration of the recording itself; absent where only annotations are there. */
  readonly recordingSeconds?: number | undefined;
}

/** What the annotation files of one recording say together. */
export interface LabelVerdict {
  /** "unknown": nothing says for certain which seizures there are, so that no second is background. */
  readonly status: "labelled" | "unknown";
  /** Seizures in order, disjoint, within the duration; none when unknown. The label is the type where one is known. */
  readonly seizures: readonly Event[];
  /** The file that decides about times. */
  readonly deciding?: AnnotationFile;
  /** The file that tells most about types. */
  readonly typed?: AnnotationFile;
  /** Of the recording, else of the files. */
  readonly durationSeconds?: number;
  readonly findings: readonly Finding[];
  /** How far the per-channel file agrees with the binary one, where both are there. */
  readonly agreement?: LabelAgreement;
}

/**
 * Judge the annotation files of one recording: each by itself, against the recording's name and duration, and against
 * each other. Any error that can hide or invent a seizure makes the recording unknown, in whichever of its files it is.
 */
export function judgeLabels({ files, faults = [], recordingName, recordingSeconds }: LabelSources): LabelVerdict {
  const byFormat = (order: readonly AnnotationFormat[]) =>
    order.flatMap((format) => files.filter((file) => file.format === format))[0];
  const [deciding, typed] = [byFormat(DECIDING), byFormat(TYPED)];
  const claimed = [deciding, ...files].find((file) => file?.durationSeconds !== undefined)?.durationSeconds;
  const durationSeconds = recordingSeconds ?? claimed;
  const findings = [
    ...faults,
    ...files.flatMap((file) => [
      ...file.findings,
      ...(recordingSeconds === undefined ? [] : checkDuration(file, recordingSeconds)),
      ...(file.durationSeconds === undefined && durationSeconds !== undefined
        ? checkRowEnds(file, durationSeconds)
        : []),
      ...checkName(file, recordingName),
    ]),
    ...(deciding ? files.flatMap((file) => (file === deciding ? [] : compareAnnotations(file, deciding))) : []),
    ...(deciding && recordingSeconds === undefined ? compareDurations(files, deciding) : []),
    ...(deciding && isSilent(deciding) ? [noRows(deciding.file)] : []),
    ...(deciding && durationSeconds !== undefined ? checkCover(deciding, durationSeconds) : []),
  ];
  const isUnknown = deciding === undefined || findings.some(doubtsLabels);
  const rows = { events: deciding?.events ?? [], ...(durationSeconds === undefined ? {} : { durationSeconds }) };
  return {
    status: isUnknown ? "unknown" : "labelled",
    seizures: isUnknown ? [] : seizureEvents(rows, typed),
    ...(deciding && { deciding }),
    ...(typed && { typed }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    findings,
    ...agreementIn(files),
  };
}

/** Rows of a file that tells no duration, against the recording's. */
function checkRowEnds({ file, events, instants }: AnnotationFile, durationSeconds: number): Finding[] {
  const findings: Finding[] = [];
  for (const { startSeconds, endSeconds, line } of [...events, ...instants])
    checkEnd(startSeconds, endSeconds, durationSeconds, (code, severity, message, action) =>
      findings.push({ file, line, code, severity, message, action }),
    );
  return findings;
}

/** A name without folder, ending and case. */
function plainName(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  return last.replace(/\.[^.]*$/, "").toLowerCase();
}

/** How a name is made: letters and digits with their numbers, all else as it is. */
const formOf = (name: string) => name.replaceAll(/[a-z]/g, "a").replaceAll(/[0-9]/g, "0");

/**
 * The recording that a file names in its header. Another name of the same form is that of another recording; one of
 * another form is that of a recording that was renamed.
 */
function checkName({ file, recordingName: named }: AnnotationFile, recordingName: string): Finding[] {
  if (named === undefined) return [];
  const [own, other] = [plainName(recordingName), plainName(named)];
  if (own === other) return [];
  const isOther = formOf(own) === formOf(other);
  return [
    {
      file,
      code: "bname-differs",
      severity: isOther ? "error" : "warning",
      message: `the header's bname is ${JSON.stringify(named.slice(0, 80))}, the recording is ${recordingName}`,
      action: isOther
        ? "find the file that belongs to the recording, or correct the bname; until then the recording counts as unknown"
        : "correct the bname if the recording was renamed; else find the file that belongs to it",
    },
  ];
}

/** Durations of the files of a recording whose own is not known. */
function compareDurations(files: readonly AnnotationFile[], deciding: AnnotationFile): Finding[] {
  return files.flatMap(({ format, durationSeconds: other }): Finding[] => {
    const own = deciding.durationSeconds;
    const difference = own === undefined || other === undefined ? 0 : Math.abs(own - other);
    if (difference <= DURATION_TOLERANCE_SECONDS) return [];
    const message = `${format} says ${other} s, ${deciding.format} says ${own} s`;
    const action = `find out which file belongs to the recording; the duration of ${deciding.format} is used`;
    const severity = difference > 1 ? "error" : "warning";
    return [{ file: deciding.file, code: "durations-differ", severity, message, action }];
  });
}

/** No row was read, and none was there that could not be read. */
function isSilent({ events, instants, findings }: AnnotationFile): boolean {
  return events.length + instants.length === 0 && !findings.some(doubtsLabels);
}

function noRows(file: string): Finding {
  return {
    file,
    code: "labels-incomplete",
    severity: "error",
    message: "it has no row that can be used; the file may be cut, so the recording counts as unknown",
    action: "fetch the file again; a recording without seizures has a row of background (bckg)",
  };
}

/**
 * Rows of a file that tells both where seizures and where background is, against the whole time: what no row tells may be a
 * seizure of a file that is cut. Not doubted: a single row of background stands for a recording without seizures, however
 * short, and rows of seizures alone say that the rest is background.
 */
function checkCover({ file, events }: AnnotationFile, durationSeconds: number): Finding[] {
  const kinds = new Set(events.map(({ label }) => classOf(label)));
  if (!kinds.has("background") || !kinds.has("seizure")) return [];
  const untold = complementIntervals(events, durationSeconds);
  const longest = untold.find(({ startSeconds, endSeconds }) => endSeconds - startSeconds > UNTOLD_TOLERANCE_SECONDS);
  if (!longest) return [];
  const { startSeconds, endSeconds } = longest;
  return [
    {
      ...{ file, code: "labels-incomplete", severity: "warning" },
      message: `no row tells of ${startSeconds} to ${endSeconds} s, though others tell where background is; taken as background`,
      action: "compare with the original: the file may be cut; else add the rows that are missing",
    },
  ];
}

function agreementIn(files: readonly AnnotationFile[]): { agreement?: LabelAgreement } {
  const of = (format: AnnotationFormat) => files.find((file) => file.format === format);
  const [typed, binary] = [of("csv") ?? of("tse"), of("csv_bi") ?? of("tse_bi")];
  return typed && binary ? { agreement: agreementOf(typed, binary) } : {};
}
