/**
 * Time-stamped annotation lists (TALs) of EDF+ and BDF+: `+onset[0x15 duration]0x14 text 0x14 ... 0x14 0x00`, times in
 * seconds from the start given in the header. The first TAL of a record has an empty first text: the record's start.
 */
export interface EdfAnnotation {
  /** Seconds from the start in the header, not from the first sample. */
  readonly onsetSeconds: number;
  /** Absent when the file gives none. */
  readonly durationSeconds?: number;
  readonly text: string;
}

/** Content of one record's annotation bytes. */
export interface TalContent {
  /** Start of the record from its timekeeping TAL; undefined when there is none. */
  readonly recordStartSeconds?: number;
  readonly annotations: readonly EdfAnnotation[];
  /** Byte offsets of malformed TALs; the readable part of them is kept. */
  readonly malformed: readonly number[];
  /** Byte offsets of texts that were not UTF-8 and were read as Latin-1. */
  readonly latin1: readonly number[];
}

/** Times are written in steps of 100 ns, the resolution of EDFlib and its readers. */
export const TIME_STEP_SECONDS = 1e-7;

const TEXT_END = 0x14;
const MAX_TIMESTAMP_BYTES = 64; // bounds the search in bytes that are not a TAL
// biome-ignore lint/suspicious/noControlCharactersInRegex: 0x15 separates onset and duration
const TIMESTAMP = /^([+-]\d+(?:\.\d*)?)(?:\x15(\d+(?:\.\d*)?))?$/;
const utf8Strict = new TextDecoder("utf-8", { fatal: true });
const utf8 = new TextEncoder();

/**
 * Bytes of one TAL, its closing NUL included. RangeError on an invalid time (infinite, NaN, a negative duration), and on a text that is not well-formed or holds control characters other than tab, line feed and carriage return.
 */
export function encodeTal(onsetSeconds: number, texts: readonly string[], durationSeconds?: number): Uint8Array {
  for (const text of texts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the specification allows 9, 10 and 13 alone
    if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) || /\p{Cs}/u.test(text))
      throw new RangeError(`invalid annotation text: ${JSON.stringify(text)} holds characters that a TAL cannot`);
  }
  const sign = onsetSeconds < 0 ? "-" : "+";
  const duration = durationSeconds === undefined ? "" : `\x15${formatSeconds(durationSeconds)}`;
  return utf8.encode(`${sign}${formatSeconds(Math.abs(onsetSeconds))}${duration}\x14${texts.join("\x14")}\x14\0`);
}

function formatSeconds(seconds: number): string {
  if (!(seconds >= 0) || seconds >= 1e15) throw new RangeError(`invalid annotation time: ${seconds}`);
  return seconds.toFixed(7).replace(/\.?0+$/, "");
}

/** Read the TALs of one record's annotation signal. Never throws: malformed TALs are listed in `malformed`. */
export function parseTals(bytes: Uint8Array, isFirstSignal: boolean): TalContent {
  const annotations: EdfAnnotation[] = [];
  const malformed: number[] = [];
  const latin1: number[] = [];
  let recordStartSeconds: number | undefined;
  let position = 0;
  let ordinal = 0;
  while (position < bytes.length) {
    if (bytes[position] === 0) {
      position += 1; // padding
      continue;
    }
    const start = position;
    const close = bytes.indexOf(0, start);
    const end = close < 0 ? bytes.length : close;
    const tal = parseTal(bytes, start, end, latin1);
    if (!tal?.isClosed || close < 0) malformed.push(start);
    if (tal) {
      const isTimekeeping = isFirstSignal && ordinal === 0 && tal.texts[0] === "";
      if (isTimekeeping) recordStartSeconds = tal.onsetSeconds;
      for (const text of isTimekeeping ? tal.texts.slice(1) : tal.texts) {
        if (text !== "") annotations.push(annotationOf(tal.onsetSeconds, tal.durationSeconds, text));
      }
    }
    ordinal += 1;
    position = end + 1;
  }
  return { ...(recordStartSeconds !== undefined && { recordStartSeconds }), annotations, malformed, latin1 };
}

/**
 * Start of a record from the first annotation signal of it, as `parseTals` finds it, undefined where there is none; reads only
 * the timestamp, so that its cost is negligible.
 */
export function recordStartOf(bytes: Uint8Array): number | undefined {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start += 1; // padding
  let end = start;
  while (end < bytes.length && bytes[end] !== TEXT_END && bytes[end] !== 0) end += 1;
  if (bytes[end] !== TEXT_END || bytes[end + 1] !== TEXT_END) return undefined; // its first text must be empty
  const match = TIMESTAMP.exec(ascii(bytes, start, end));
  return match ? Number(match[1]) : undefined;
}

function annotationOf(onsetSeconds: number, durationSeconds: number | undefined, text: string): EdfAnnotation {
  return durationSeconds === undefined ? { onsetSeconds, text } : { onsetSeconds, durationSeconds, text };
}

interface Tal {
  onsetSeconds: number;
  durationSeconds: number | undefined;
  texts: string[];
  /** False when the last text lacks its end mark. */
  isClosed: boolean;
}

function parseTal(bytes: Uint8Array, start: number, end: number, latin1: number[]): Tal | undefined {
  const tal = bytes.subarray(start, end); // bounds the searches below, so that no input costs quadratic time
  const timestampEnd = tal.indexOf(TEXT_END);
  const timestamp = timestampEnd < 0 ? undefined : parseTimestamp(tal, timestampEnd);
  if (!timestamp) return undefined;
  const texts: string[] = [];
  let position = timestampEnd + 1;
  while (position < tal.length) {
    const mark = tal.indexOf(TEXT_END, position);
    const textEnd = mark < 0 ? tal.length : mark;
    texts.push(decodeText(tal.subarray(position, textEnd), start + position, latin1));
    position = textEnd + 1;
  }
  return { ...timestamp, texts, isClosed: tal.at(-1) === TEXT_END };
}

/** Onset and duration before the first text mark of a TAL; undefined when they are malformed. */
export function parseTimestamp(
  tal: Uint8Array,
  timestampEnd: number,
): { onsetSeconds: number; durationSeconds: number | undefined } | undefined {
  const match = timestampEnd > MAX_TIMESTAMP_BYTES ? null : TIMESTAMP.exec(ascii(tal, 0, timestampEnd));
  if (!match) return undefined;
  return { onsetSeconds: Number(match[1]), durationSeconds: match[2] === undefined ? undefined : Number(match[2]) };
}

function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

function decodeText(bytes: Uint8Array, offset: number, latin1: number[]): string {
  try {
    return utf8Strict.decode(bytes);
  } catch {
    latin1.push(offset);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  }
}

/** True for the label that marks an annotation signal. */
export function isAnnotationLabel(label: string): boolean {
  return label === "EDF Annotations" || label === "BDF Annotations";
}
