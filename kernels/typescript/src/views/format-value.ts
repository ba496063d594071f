import { stripVTControlCharacters } from "node:util";

/** A count with thousands set apart: 1,234,567. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ","); // toLocaleString needs 30 ms for its first call
}

/** `count` and its noun, in the plural unless it is one. */
export function countOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A number with at most six significant digits; NaN and infinities by name. */
export function formatNumber(value: number | bigint): string {
  if (typeof value === "bigint") return String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** A size in B, kB, MB or GB (powers of 1024), three significant digits. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const scaled = bytes / 1024 ** power;
  return `${scaled >= 100 || power === 0 ? Math.round(scaled) : Number(scaled.toPrecision(3))} ${units[power]}`;
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Text that every reader of UTF-8 can store: half of a surrogate pair becomes U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, "\uFFFD");
}

/** Text for HTML and tables: no terminal sequences, no control characters but tab and newline, well-formed. */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  return wellFormed(stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000B-\u001F\u007F]/g, ""));
}

/** `text` cut to `limit` characters, with the number of omitted ones at its end. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit)}… ${formatCount(text.length - limit)} more characters`;
}
