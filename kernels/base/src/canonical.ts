import { createHash } from "node:crypto";

/**
 * JSON with object keys sorted and no blanks: equal values give equal text, and different ones different text. `undefined`
 * members are left out. What JSON has no word for throws a RangeError, since it would silently become null or {}: NaN,
 * infinities, big integers, functions, holes of arrays, and objects of a class (Date, Map, Set, typed arrays).
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`invalid number in JSON: ${value}`);
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return JSON.stringify(value);
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(",")}]`;
  if (!isPlain(value)) throw new RangeError(`invalid value in JSON: ${nameOf(value)}; expected what JSON can hold`);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** Whether it is an object of no class, of whichever realm: a notebook's cells may have their own. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return `${typeof value} ${String(value)}`;
  return value.constructor?.name ?? "an object of a class";
}

/** SHA-256 in lower-case hexadecimal of bytes or UTF-8 text. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** SHA-256 of the canonical JSON of `value`; `length` cuts the hexadecimal text. @default 64 */
export function hashOf(value: unknown, length = 64): string {
  return sha256(canonicalJson(value)).slice(0, length);
}
