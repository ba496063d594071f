/** Siena's `Seizures-list-PNxx.txt`: the seizures of a patient by the clock, with the spelling faults of the published lists. */
import { backgroundRow, type ReadPatientOptions } from "./annotation-chb.js";
import type { AnnotationFile } from "./annotation-file.js";
import { checkRows, type RawRow } from "./annotation-rows.js";
import type { Finding } from "./finding.js";
import { type SubjectSeizures, subjectSeizures } from "./siena-subjects.js";

export interface ReadSienaOptions extends ReadPatientOptions {
  /** Start of the recording by its own header, seconds of the day; the list's "Registration start time" where it is not known. */
  readonly startClockSeconds?: number | undefined;
  /** The corpus's table of subjects, which gives the type of a patient's seizures. */
  readonly subjects?: { readonly file: string; readonly text: string } | undefined;
}

const DAY_SECONDS = 24 * 3600;

/** Clock times that the published lists have wrong: the recording, the text, and what is meant, with the reason. */
const ERRATA: readonly {
  readonly recording: string;
  readonly text: string;
  readonly meant: string;
  readonly why: string;
}[] = [
  {
    ...{ recording: "pn00-3", text: "19.29.29", meant: "18.29.29" },
    why: "the recording ends at 18.57.13, and the patient's other seizures last a minute",
  },
];

/** A clock time in a text, `h.mm.ss` or `h:mm:ss`, mixed, with a blank inside the hour as PN10's list has it. */
const CLOCK = /(?<!\d)(\d ?\d|\d)[.:](\d\d)[.:](\d\d)(?!\d)/g;

interface Clock {
  readonly seconds: number;
  readonly line: number;
  /** What was not plain about the text. */
  readonly remark?: string | undefined;
}

/** The clock time of a line; of several the electrographic onset, else the first. Undefined where there is none. */
function clockOf(text: string, line: number): Clock | undefined {
  const found = [...text.matchAll(CLOCK)].flatMap(({ 0: whole, 1: hour = "", 2: minute, 3: second, index }) => {
    const [h, m, s] = [Number(hour.replace(" ", "")), Number(minute), Number(second)];
    return h < 24 && m < 60 && s < 60 ? [{ seconds: 3600 * h + 60 * m + s, whole, index }] : [];
  });
  const electric = found.find(({ whole, index }) => /^\s*\(\s*electr/i.test(text.slice(index + whole.length)));
  const chosen = electric ?? found[0];
  if (!chosen) return undefined;
  if (found.length > 1)
    return { seconds: chosen.seconds, line, remark: `${found.length} times found, ${chosen.whole} is used` };
  const isPlain = /^\d{1,2}[.:]\d\d[.:]\d\d$/.test(chosen.whole);
  return { seconds: chosen.seconds, line, remark: isPlain ? undefined : `"${chosen.whole}" is read as a clock time` };
}

interface Listed {
  readonly name: string;
  readonly line: number;
  registration?: Clock;
  start?: Clock;
  end?: Clock;
}

/** The seizures of a list in its order; file name and registration times hold until others are given. */
function listedIn(text: string, recording: string): Listed[] {
  const seizures: Listed[] = [];
  let name = "";
  let registration: Clock | undefined;
  let isOpen = false;
  for (const [index, content] of text.split(/\r\n|\r|\n/).entries()) {
    const line = index + 1;
    const [, key = "", value = ""] = /^\s*([a-z ]+?)\s*:\s*(.*?)\s*$/i.exec(content) ?? [];
    const what = key.toLowerCase();
    if (what === "file name") {
      if (name !== value) registration = undefined;
      name = value;
    } else if (what === "registration start time") registration = clockOf(value, line);
    else if (/^(seizure )?start time$/.test(what)) {
      const start = clockOf(corrected(value, recording), line);
      seizures.push({ name, line, ...(registration && { registration }), ...(start && { start }) });
      isOpen = true;
    } else if (/^(seizure )?end time$/.test(what) && isOpen) {
      const end = clockOf(corrected(value, recording), line);
      Object.assign(seizures.at(-1) ?? {}, end && { end });
      isOpen = false;
    }
  }
  return seizures;
}

function corrected(text: string, recording: string): string {
  const known = ERRATA.find((each) => each.recording === recording && text.includes(each.text));
  return known ? text.replace(known.text, known.meant) : text;
}

/** A name without ending and case, the letter O after PN as the digit that is meant. */
const plainName = (name: string) =>
  name
    .trim()
    .replace(/\.edf$/i, "")
    .toLowerCase()
    .replace(/^pn[o0](?=\d)/, "pn0");

/** True where a list's name is that of the recording, or lacks the number of a patient's first ("PN01.edf", "PN11-.edf"). */
function isNameOf(listed: string, recording: string, names: ReadonlySet<string>): boolean {
  if (listed === recording) return true;
  return !names.has(recording) && recording.endsWith("-1") && listed.replace(/-$/, "") === recording.slice(0, -2);
}

const after = (clock: number, start: number) => (((clock - start) % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;

/**
 * Labels of one recording in a list of Siena; undefined where the list does not name it. Times are counted from the start that the
 * recording's header gives, since the list's is wrong in places (PN05-3, PN14-3), unless the seizure fits the list's alone; what is not spelled plainly is a warning.
 */
export function readSienaList(text: string, options: ReadSienaOptions): AnnotationFile | undefined {
  const { file, recordingSeconds } = options;
  const recording = plainName(options.recordingName);
  const all = listedIn(text, recording);
  const names = new Set(all.map(({ name }) => plainName(name)));
  const own = all.filter(({ name }) => isNameOf(plainName(name), recording, names));
  const isNamed = new RegExp(`^\\s*file name\\s*:\\s*${recording.replaceAll(".", "\\.")}(\\.edf)?\\s*$`, "im").test(
    text,
  );
  if (own.length === 0 && !isNamed) return undefined;
  const findings: Finding[] = [];
  const rows =
    own.length === 0 ? [backgroundRow(1, recordingSeconds)] : own.map((each) => rowOf(each, options, findings));
  findings.push(...notes(own, recording, file), ...(own.length > 0 ? typeFindings(options) : []));
  const format = "siena-list";
  const checked = checkRows(rows, { file, format });
  return { file, format, headerLines: [], ...checked, findings: [...findings, ...checked.findings] };
}

/**
 * The clock time from which a seizure is counted: the start of the recording's header, unless the seizure lies outside the recording
 * by it and inside by the list's, as where the header's start was withheld.
 */
function startOf(listed: Listed, { startClockSeconds, recordingSeconds }: ReadSienaOptions): number | undefined {
  const { start, end, registration } = listed;
  const fits = (zero: number | undefined) =>
    zero !== undefined && start !== undefined && end !== undefined && isInside(start, end, zero, recordingSeconds);
  if (!fits(startClockSeconds) && fits(registration?.seconds)) return registration?.seconds;
  return startClockSeconds ?? registration?.seconds;
}

function isInside(start: Clock, end: Clock, zero: number, recordingSeconds: number): boolean {
  const [from, to] = [after(start.seconds, zero), after(end.seconds, zero)];
  return from < to && to <= recordingSeconds;
}

function rowOf(listed: Listed, options: ReadSienaOptions, findings: Finding[]): RawRow {
  const { file, startClockSeconds } = options;
  const { line, start, end, registration } = listed;
  const zero = startOf(listed, options);
  if (registration && startClockSeconds !== undefined && registration.seconds !== startClockSeconds)
    findings.push({
      ...{ file, line: registration.line, code: "start-differs", severity: "warning" },
      message: `the recording starts ${clockGap(registration.seconds, startClockSeconds)} s later by the list than by its header; the ${zero === startClockSeconds ? "header" : "list"} is used, by which the seizure lies in the recording`,
      action: "none needed unless the other one is right",
    });
  const seconds = (clock: Clock | undefined) =>
    clock === undefined || zero === undefined ? "n/a" : String(after(clock.seconds, zero));
  const label = typeIn(options)?.label ?? "seiz";
  return {
    ...{ line, channel: "TERM", start: seconds(start), end: seconds(end) },
    ...{ label, labelText: label, confidence: "1" },
  };
}

/** The type of the patient's seizures by the table of subjects. */
function typeIn({ subjects, recordingName }: ReadSienaOptions): SubjectSeizures | undefined {
  const patient = /^PN\d\d/i.exec(recordingName)?.[0];
  return subjects && patient !== undefined ? subjectSeizures(subjects.text, patient) : undefined;
}

/** A type that is not known: the seizures stay, without one. */
function typeFindings(options: ReadSienaOptions): Finding[] {
  const { unknown } = typeIn(options) ?? {};
  if (unknown === undefined) return [];
  return [
    {
      ...{
        file: options.subjects?.file ?? options.file,
        line: unknown.line,
        code: "unknown-label",
        severity: "warning",
      },
      message: `seizure type "${unknown.type.slice(0, 40)}" of the patient is not IAS, WIAS or FBTC; the seizures are kept without a type`,
      action: "none needed, but scores by type lack them",
    },
  ];
}

/** Seconds from one clock time to another, the shorter way around. */
function clockGap(a: number, b: number): number {
  const gap = after(a, b);
  return gap > DAY_SECONDS / 2 ? gap - DAY_SECONDS : gap;
}

/** What was read in spite of how it is written. */
function notes(own: readonly Listed[], recording: string, file: string): Finding[] {
  const remarks = own.flatMap(({ name, line, start, end, registration }) => [
    ...(plainName(name) === name.replace(/\.edf$/i, "").toLowerCase() && plainName(name) === recording
      ? []
      : [{ line, remark: `the list writes ${recording} otherwise` }]),
    ...[start, end, registration].flatMap((clock) =>
      clock?.remark ? [{ line: clock.line, remark: clock.remark }] : [],
    ),
  ]);
  const errata = ERRATA.filter((each) => each.recording === recording).map(({ text, meant, why }) => ({
    line: own[0]?.line ?? 1,
    remark: `${text} is read as ${meant}: ${why}`,
  }));
  return [...remarks, ...(own.length > 0 ? errata : [])].map(({ line, remark }) => ({
    ...{ file, line, code: "spelling-corrected" as const, severity: "warning" as const },
    message: remark,
    action: "compare with the list; correct it where it is read wrongly",
  }));
}
