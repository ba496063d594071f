/**
 * Foreign text on its way to a terminal: names of files, patients and labels, keys and messages of a server, values of a
 * configuration. Control characters could steer the terminal, and direction marks could show a text as another.
 */

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
export function tell(text: string): void {
  process.stderr.write(`${printableLines(text)}\n`);
}
