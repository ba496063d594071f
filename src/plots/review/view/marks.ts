/** A reader's marks, and the files that hold them. */
import type { Interval } from "../../../base/events.js";

/** A stretch that a reader marked. */
export interface Mark extends Interval {
  /** A seizure label of the table; "" for a note alone. */
  readonly label: string;
  readonly note: string;
}

/** A label that a mark can have. */
export interface MarkLabel {
  readonly label: string;
  readonly meaning: string;
  /** HED-SCORE event type. */
  readonly hedScore: string;
}

/** What files of marks say of the recording. */
export interface MarkedRecording {
  readonly id: string;
  /** Path of the recording's file in its corpus, without ending. */
  readonly stem: string;
  readonly durationSeconds: number;
}

/** Names the files of marks that hold everything. */
export const MARKS_FORMAT = "ictal-review-marks";

const byTime = (a: Interval, b: Interval) => a.startSeconds - b.startSeconds || a.endSeconds - b.endSeconds;

/** Seizure marks in order, inside the recording; overlapping ones of one label (with `anyLabel` of any) are one. */
export function seizureMarks(
  marks: readonly Mark[],
  { durationSeconds }: Pick<MarkedRecording, "durationSeconds">,
  anyLabel: boolean,
): Mark[] {
  const joined: Mark[] = [];
  for (const mark of [...marks].filter(({ label }) => label !== "").sort(byTime)) {
    const end = Math.min(mark.endSeconds, durationSeconds);
    const start = Math.max(0, mark.startSeconds);
    if (end <= start) continue;
    const last = joined.findIndex((each) => start <= each.endSeconds && (anyLabel || each.label === mark.label));
    const before = joined[last];
    if (before) {
      const note = [before.note, mark.note].filter(Boolean).join("; ");
      joined[last] = { ...before, endSeconds: Math.max(before.endSeconds, end), note };
    } else joined.push({ ...mark, startSeconds: start, endSeconds: end });
  }
  return joined;
}

/** The marks as a csv_bi file: seizures of any type are `seiz`, without one there is a row of background; notes are not kept. */
export function marksCsvBi(marks: readonly Mark[], recording: MarkedRecording): string {
  const fixed = (value: number) => value.toFixed(4);
  const row = ({ startSeconds, endSeconds }: Interval, label: string) =>
    `TERM,${fixed(startSeconds)},${fixed(endSeconds)},${label},1.0000`;
  const rows = seizureMarks(marks, recording, true).map((mark) => row(mark, "seiz"));
  return [
    "# version = csv_v1.0.0",
    `# bname = ${recordingName(recording)}`,
    `# duration = ${fixed(recording.durationSeconds)} secs`,
    "# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt",
    "#",
    "channel,start_time,stop_time,label,confidence",
    ...(rows.length > 0 ? rows : [row({ startSeconds: 0, endSeconds: recording.durationSeconds }, "bckg")]),
    "",
  ].join("\n");
}

/** The marks as a HED-SCORE events file, with the notes in a column of their own. */
export function marksTsv(marks: readonly Mark[], recording: MarkedRecording, labels: readonly MarkLabel[]): string {
  const duration = recording.durationSeconds.toFixed(2);
  const rows = seizureMarks(marks, recording, false).map(({ startSeconds, endSeconds, label, note }) => {
    const start = startSeconds.toFixed(2);
    const length = (Number(endSeconds.toFixed(2)) - Number(start)).toFixed(2);
    const type = labels.find((each) => each.label === label)?.hedScore ?? "sz";
    return [start, length, type, "n/a", "n/a", "n/a", duration, plain(note) || "n/a"].join("\t");
  });
  const head = ["onset", "duration", "eventType", "confidence", "channels", "dateTime", "recordingDuration", "note"];
  const background = ["0.00", duration, "bckg", "n/a", "n/a", "n/a", duration, "n/a"].join("\t");
  return [head.join("\t"), ...(rows.length > 0 ? rows : [background]), ""].join("\n");
}

/** The marks with everything that is known of them, as `ictal annotations collect` reads it. */
export function marksJson(marks: readonly Mark[], { id, stem, durationSeconds }: MarkedRecording): string {
  const sorted = [...marks].sort(byTime);
  return `${JSON.stringify({ format: MARKS_FORMAT, version: 1, id, stem, durationSeconds, marks: sorted }, undefined, 1)}\n`;
}

/** Name of the recording's files. */
export function recordingName({ stem }: Pick<MarkedRecording, "stem">): string {
  return stem.slice(stem.lastIndexOf("/") + 1);
}

const plain = (text: string) => text.replaceAll(/\s+/g, " ").trim();

/** Marks of a csv_bi, csv, tsv or JSON file; an Error says what is wrong with it. */
export function readMarks(name: string, text: string, labels: readonly MarkLabel[]): Mark[] {
  if (/\.json$/i.test(name)) return marksOfJson(text, labels);
  const lines = text.split(/\r?\n/).map((line, i) => ({ line, number: i + 1 }));
  const rows = lines.filter(({ line }) => line.trim() !== "" && !line.startsWith("#"));
  if (/\.csv(?:_bi)?$/i.test(name)) return rows.slice(1).flatMap(({ line, number }) => markOfCsv(line, number, labels));
  if (/\.tsv$/i.test(name)) return marksOfTsv(rows, labels);
  throw new Error(`${name}: a file that ends in .json, .csv_bi, .csv or .tsv is expected`);
}

function marksOfJson(text: string, labels: readonly MarkLabel[]): Mark[] {
  let found: { format?: unknown; marks?: unknown };
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error("the file is not JSON");
  }
  if (found?.format !== MARKS_FORMAT || !Array.isArray(found.marks))
    throw new Error("the file is not one that a review page saved");
  return found.marks.map((mark: Partial<Record<keyof Mark, unknown>>, i) => {
    const { startSeconds, endSeconds, label, note } = mark;
    const isKnown = label === "" || labels.some((each) => each.label === label);
    if (!isKnown || typeof note !== "string") throw new Error(`mark ${i + 1} has no known label`);
    return { ...timesOf(Number(startSeconds), Number(endSeconds), `mark ${i + 1}`), label: String(label), note };
  });
}

function timesOf(startSeconds: number, endSeconds: number, where: string): Interval {
  if (!(startSeconds >= 0 && endSeconds > startSeconds && Number.isFinite(endSeconds)))
    throw new Error(`${where}: times ${startSeconds} to ${endSeconds} s`);
  return { startSeconds, endSeconds };
}

function markOfCsv(line: string, number: number, labels: readonly MarkLabel[]): Mark[] {
  const [, start, end, label = ""] = line.split(",").map((cell) => cell.trim());
  if (!labels.some((each) => each.label === label)) return []; // background and what is no seizure
  return [{ ...timesOf(Number(start), Number(end), `line ${number}`), label, note: "" }];
}

function marksOfTsv(rows: readonly { line: string; number: number }[], labels: readonly MarkLabel[]): Mark[] {
  const columns = rows[0]?.line.split("\t").map((cell) => cell.trim()) ?? [];
  const at = (name: string) => columns.indexOf(name);
  if (["onset", "duration", "eventType"].some((name) => at(name) < 0))
    throw new Error("the columns onset, duration and eventType are expected");
  return rows.slice(1).flatMap(({ line, number }) => {
    const cells = line.split("\t");
    const type = cells[at("eventType")] ?? "";
    const label = labelOfType(type, labels);
    if (label === undefined) return [];
    const start = Number(cells[at("onset")]);
    const note = at("note") < 0 ? "" : (cells[at("note")] ?? "").replace(/^n\/a$/, "");
    const end = Math.round((start + Number(cells[at("duration")])) * 1e6) / 1e6; // removes floating-point error of the sum
    return [{ ...timesOf(start, end, `line ${number}`), label, note }];
  });
}

/** The label of the longest known beginning of a HED-SCORE type; undefined for what is no seizure. */
function labelOfType(type: string, labels: readonly MarkLabel[]): string | undefined {
  const parts = type.replaceAll("-", "_").toLowerCase().split("_");
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join("_");
    const found = labels.find(({ hedScore }) => hedScore.toLowerCase() === name);
    if (found) return found.label;
  }
  return undefined;
}
