/*
 * JSON that changes no number. Python writes NaN, Infinity and integers of any length; JSON.parse refuses the former and
 * rounds the latter, and JSON.stringify turns NaN into null. Here an integer beyond 2^53 is a bigint in memory and its own
 * digits in the text, and NaN, Infinity and -Infinity are written as texts of those names, which every reader takes.
 */
import { randomUUID } from "node:crypto";

/** In the data of plotting libraries null is a gap, as NaN is; a text would make an axis of categories. */
const GAP_TYPES = /^application\/vnd\.(?:plotly|vega|vegalite)\./;

const LONG_INTEGER = /(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/;
const TOKEN = /-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Marks, in a text, what stands for a number that the built-in functions cannot carry. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}:([^"]*)"`, "g");

/** A figure's data as plotting libraries take them: null where there is no finite number, and no bigint. */
function withGaps(figure: unknown): unknown {
  const json = JSON.stringify(figure, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
  return json === undefined ? undefined : JSON.parse(json);
}

/** A figure as it lies in a bundle, as an object or as JSON text (stock tslab); undefined when it is neither. */
export function parseFigure(data: unknown): object | undefined {
  try {
    const value = withGaps(typeof data === "string" ? JSON.parse(data) : data);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined; // broken JSON of some program: the caller reports it
  }
}

/** Where the string that opens at `start` ends, just after its closing quote. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end;
    while (text[first - 1] === "\\") first -= 1;
    if ((end - first) % 2 === 0) return end + 1;
  }
  return text.length;
}

function markToken(token: string): string {
  const isInteger = /^-?\d+$/.test(token);
  const isCarried = isInteger ? Number.isSafeInteger(Number(token)) : Number.isFinite(Number(token));
  return isCarried ? token : `"${MARK}:${token}"`;
}

/** The text with a marked string in place of each number that JSON.parse would refuse or round. */
function markNumbers(text: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    pieces.push(text.slice(at, end).replace(TOKEN, markToken));
    at = quote < 0 ? text.length : endOfString(text, quote);
    if (quote >= 0) pieces.push(text.slice(quote, at));
  }
  return pieces.join("");
}

function unmark(key: string, value: unknown): unknown {
  if (key.startsWith(`${MARK}:`)) throw new SyntaxError("a number stands in place of a name");
  if (GAP_TYPES.test(key)) return withGaps(value);
  if (typeof value !== "string" || !value.startsWith(`${MARK}:`)) return value;
  const token = value.slice(MARK.length + 1);
  return /^-?\d+$/.test(token) ? BigInt(token) : Number(token);
}

/**
 * As JSON.parse, but NaN, Infinity and -Infinity are read, and an integer beyond 2^53 is a bigint. Throws SyntaxError, or
 * RangeError where the nesting is too deep.
 */
export function parseExactJson(text: string): unknown {
  if (LONG_INTEGER.test(text) || /[eE]\+?\d{3}/.test(text)) return JSON.parse(markNumbers(text), unmark) as unknown;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) throw error;
    return JSON.parse(markNumbers(text), unmark) as unknown;
  }
}

/** The text that stands for a number in a marked string, and how it is written; undefined for one that JSON carries. */
function markNumber(value: unknown): string | undefined {
  if (typeof value === "bigint") return `${MARK}:${value}`;
  if (typeof value !== "number") return undefined;
  if (!Number.isFinite(value)) return String(value);
  return Object.is(value, -0) ? `${MARK}:-0.0` : undefined;
}

export interface JsonLayout {
  readonly indent?: number;
  /** What becomes of each text. */
  readonly text?: (text: string) => string;
}

/**
 * As JSON.stringify, but NaN, Infinity and -Infinity become texts of those names (null in the data of figures, where it is
 * a gap), and a bigint becomes its digits. What JSON cannot express otherwise throws a TypeError.
 */
export function formatExactJson(value: unknown, { indent, text }: JsonLayout = {}): string {
  const replace = (key: string, member: unknown): unknown => {
    if (GAP_TYPES.test(key)) return withGaps(member);
    if (typeof member === "string") return text ? text(member) : member;
    return markNumber(member) ?? member;
  };
  return (JSON.stringify(value, replace, indent) ?? "null").replace(MARKED, "$1");
}

/** The same, fast where the value needs no care: a -0 becomes 0 there. */
export function formatJson(value: unknown): string {
  try {
    const json = JSON.stringify(value);
    if (json !== undefined && !json.includes("null")) return json;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a bigint is written below, a circle throws again
  }
  return formatExactJson(value);
}

/** The value with nothing in it that JSON.stringify loses: NaN, infinities and bigints are texts. */
export function plainValue(value: unknown): unknown {
  const json = JSON.stringify(value, (_key, member: unknown) => {
    const isLost = typeof member === "bigint" || (typeof member === "number" && !Number.isFinite(member));
    return isLost ? String(member) : member;
  });
  return json === undefined ? undefined : JSON.parse(json);
}
