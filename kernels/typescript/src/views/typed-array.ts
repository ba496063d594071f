import { types } from "node:util";
import type { MimeBundle } from "../wire/message.js";
import { factsBundle } from "./facts.js";
import { formatBytes, formatCount } from "./format-value.js";
import { classNameOf } from "./member.js";
import { describeNumbers, endsOf, readable, summarizeNumbers } from "./number-summary.js";

/** A typed array: class, length, size, range, mean, NaNs, first and last values. Undefined for anything else. */
export function typedArrayView(value: unknown): MimeBundle | undefined {
  if (!types.isTypedArray(value)) return undefined;
  const values = value as ArrayLike<number>; // those of big integers are summarized alike
  return factsBundle({
    heading: `${classNameOf(value, "TypedArray")}(${formatCount(values.length)})`,
    facts: [
      ["values", describeNumbers(summarizeNumbers(readable(values), values.length))],
      ["size", formatBytes(value.byteLength)],
    ],
    values: endsOf(values),
  });
}

/** Shorter arrays are printed whole. */
const LONG = 100;

/** A long plain array of numbers, seen as such by the values that are read. Undefined for anything else. */
export function numbersView(value: unknown): MimeBundle | undefined {
  if (!Array.isArray(value) || types.isProxy(value) || value.length <= LONG || typeof value[0] !== "number")
    return undefined;
  const read = readable<unknown>(value);
  for (let i = 0; i < read.length; i++) if (typeof read[i] !== "number") return undefined;
  return factsBundle({
    heading: `${classNameOf(value, "Array")}(${formatCount(value.length)}) of numbers`,
    facts: [["values", describeNumbers(summarizeNumbers(read as ArrayLike<number>, value.length))]],
    values: endsOf(value as number[]),
  });
}
