import { isIctalError } from "@ictal/base/errors";
import type { Event } from "../base/events.js";
import { readAnnotations } from "./annotation-file.js";
import { type AnnotationEvent, type AnnotationFormat, END_TOLERANCE_SECONDS } from "./annotation-rows.js";
import type { Finding } from "./finding.js";

/** A row that was written, as it should read back. */
export type WrittenRow = Event & { readonly channel: string };

/** A text and what our reader must read from it. */
export interface WrittenText {
  readonly text: string;
  readonly format: AnnotationFormat;
  readonly rows: readonly WrittenRow[];
  readonly durationSeconds: number | undefined;
  /** Half of the last decimal of a time. */
  readonly timeTolerance: number;
  readonly accepted: ReadonlySet<string>;
}

/** RangeError on a row whose times, confidence or channel its format cannot hold. */
export function checkRow(row: WrittenRow, index: number, format: AnnotationFormat): void {
  const { startSeconds, endSeconds, confidence, channel } = row;
  const refuse = (fault: string) => new RangeError(`invalid events[${index}]: ${fault}`);
  for (const [name, value] of Object.entries({ startSeconds, endSeconds, confidence }))
    if (!Number.isFinite(value)) throw refuse(`invalid time or confidence, ${name} is ${value}`);
  if (startSeconds < 0) throw refuse(`startSeconds ${startSeconds} is before the recording`);
  if (endSeconds <= startSeconds) throw refuse(`it ends at ${endSeconds} s, not after its start at ${startSeconds} s`);
  if (confidence < 0 || confidence > 1) throw refuse(`confidence ${confidence} found, 0 to 1 expected`);
  checkCell(channel, `events[${index}].channel`, format);
}

/** RangeError on a cell that would break its row, read back differently, or be a formula in a spreadsheet. */
export function checkCell(text: string, name: string, format: AnnotationFormat): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a cell holds none of them
  const isPlain = text !== "" && !/[\x00-\x1f\x7f-\x9f\u2028\u2029;"]/.test(text) && text === text.trim();
  const isList = text.includes(","); // of channels, which HED-SCORE allows
  if (isPlain && !(isList && format !== "tsv") && !/^[=+@#-]/.test(text) && !/\p{Cs}/u.test(text)) return;
  throw new RangeError(
    `invalid ${name}: ${JSON.stringify(text)}; expected a name without separators, quotes, control characters and surrounding blanks that does not start with = + - @ or #`,
  );
}

/** RangeError on a line that would become two. */
export function checkLine(text: string, name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line holds none of them but the tab
  if (/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]|\p{Cs}/u.test(text))
    throw new RangeError(
      `invalid ${name}: ${JSON.stringify(text)} holds control characters; one line of text expected`,
    );
}

/**
 * The text, after our own reader has read the same rows from it. RangeError on every finding of severity error or warning
 * whose code is not accepted, and on a row or duration that would read back differently.
 */
export function checkRoundTrip(written: WrittenText): string {
  const { text, format, rows, durationSeconds, timeTolerance, accepted } = written;
  const file = parsed(text, format);
  for (const finding of file.findings) if (isRefused(finding, accepted)) throw refusal(finding);
  if (file.events.length !== rows.length)
    throw new RangeError(`invalid events: ${rows.length} rows would read back as ${file.events.length}`);
  rows.forEach((row, i) => {
    checkSame(row, file.events[i]!, i, timeTolerance);
    if (durationSeconds !== undefined) checkEnd(row, i, durationSeconds, accepted);
  });
  const read = file.durationSeconds;
  if (durationSeconds === undefined || read === undefined || Math.abs(read - durationSeconds) <= 0.01) return text;
  throw new RangeError(`invalid durationSeconds: ${durationSeconds} would read back as ${read}; correct headerLines`);
}

function parsed(text: string, format: AnnotationFormat) {
  try {
    return readAnnotations(text, { file: "the text to be written", format });
  } catch (error) {
    if (isIctalError(error, "FormatError")) throw new RangeError(`invalid annotations: ${error.message}`);
    throw error;
  }
}

function isRefused({ code, severity }: Finding, accepted: ReadonlySet<string>): boolean {
  return severity !== "info" && !accepted.has(code);
}

function refusal({ code, message }: Finding): RangeError {
  return new RangeError(
    `invalid annotations (${code}): ${message}. Correct the events, or list "${code}" in accept to write them so`,
  );
}

function checkSame(row: WrittenRow, read: AnnotationEvent, index: number, tolerance: number): void {
  const isNear = (a: number, b: number) => Math.abs(a - b) <= tolerance + 1e-9;
  const isSame =
    isNear(row.startSeconds, read.startSeconds) &&
    isNear(row.endSeconds, read.endSeconds) &&
    row.label === read.label &&
    row.channel === read.channel;
  if (isSame) return;
  const found = `${read.startSeconds} to ${read.endSeconds} s, ${read.label} on ${JSON.stringify(read.channel)}`;
  throw new RangeError(`invalid events[${index}]: it would read back as ${found}`);
}

/** Rows against the caller's duration, for formats that do not hold one. */
function checkEnd(row: WrittenRow, index: number, durationSeconds: number, accepted: ReadonlySet<string>): void {
  const past = row.endSeconds - durationSeconds;
  const code = row.startSeconds >= durationSeconds ? "starts-past-the-end" : "past-the-end";
  if (past <= END_TOLERANCE_SECONDS + 1e-9 || accepted.has(code)) return;
  throw new RangeError(
    `invalid events[${index}] (${code}): it ends at ${row.endSeconds} s, the recording at ${durationSeconds} s`,
  );
}
