/**
 * Foreign text on its way to a terminal. Control characters could steer it, and direction marks could show a text as
 * another. There are two rules. A datum (names of files, patients and labels, keys and messages of a server, values of a
 * configuration) should hold none: `printable` shows each, so that two data never look the same. What a program wrote
 * for a terminal (output, errors and displays of cells) holds them by habit: `withoutControls` drops whole sequences,
 * which shown would bury the text, and treats the rest by the first rule.
 */

import { asCalled } from "./call-name.js";

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STEERING = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** Foreign text as one line: control characters, line ends, direction marks and lone surrogates become `\xNN` or `\uNNNN`. */
export function printable(text: string): string {
  return text.replace(STEERING, escaped);
}

/** Text of several lines: as `printable`, with its line feeds left. The last gate before a terminal. */
export function printableLines(text: string): string {
  return text.replace(STEERING, (character) => (character === "\n" ? character : escaped(character)));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const SEQUENCE = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g;
const LONG_SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const COLOUR = /(\u001b\[[0-9;:]*m)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const LINE_EDIT = /(\u001b\[[0-9;:]*m|\u001b\[[0-2]?K|[\r\b])/;

/**
 * Text of a program, a notebook or a kernel: control sequences and control characters go, line feeds and tabs stay, and
 * what else could steer is shown as by `printable`.
 */
export function withoutControls(text: string): string {
  const bare = text.replace(LONG_SEQUENCE, "").replace(SEQUENCE, "").replace(CONTROL, "");
  return bare.replace(STEERING, (character) =>
    character === "\n" || character === "\t" ? character : escaped(character),
  );
}

const escapeExcept = (allowed: RegExp) => (text: string) =>
  text
    .split(allowed)
    .map((part, index) => (index % 2 === 1 ? part : withoutControls(part)))
    .join("");

/** As `withoutControls`, but colours and weights stay. */
export const withColours = escapeExcept(COLOUR);

/** As `withColours`, but what progress bars need stays too: the return and the step back within a line, and erasing it. */
export const withLineEdits = escapeExcept(LINE_EDIT);

/** A report with every text in it, names of members too, as `printable` gives it; other values are the same. */
export function printableAll<T>(value: T): T {
  return walk(value) as T; // the walk keeps the shape
}

function walk(value: unknown): unknown {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map(walk);
  if (value === null || typeof value !== "object") return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value; // typed arrays, dates: no text
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [printable(name), walk(member)]));
}

/** JSON text whose strings hold no character that steers a terminal; parsing gives the same values. */
export function printableJson(text: string): string {
  return text.replace(STEERING, (character) =>
    character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A line for people on stderr. */
export function notify(text: string): void {
  process.stderr.write(`${asCalled(printableLines(text))}\n`);
}
