import { formatExactJson, formatJson } from "../../wire/exact-json.js";

const LONE_ESCAPE = /\\u[dD][89a-fA-F]/;

/** The text with every unpaired surrogate replaced by U+FFFD: UTF-8 cannot carry one. */
export function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed(); // Node 20 has it, the ES2022 library does not name it
}

/** Splits off the first half of a surrogate pair at the end of `text`, whose other half may follow. */
export function splitTrailingSurrogate(text: string): [ready: string, rest: string] {
  const last = text.charCodeAt(text.length - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return isHalf ? [text.slice(0, -1), text.slice(-1)] : [text, ""];
}

/**
 * JSON text of any value as UTF-8, without unpaired surrogates; NaN and infinities are texts (null in figures), a bigint
 * its digits. What JSON cannot express throws a TypeError.
 */
export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  const json = formatJson(value);
  return new TextEncoder().encode(LONE_ESCAPE.test(json) ? formatExactJson(value, { text: wellFormed }) : json);
}
