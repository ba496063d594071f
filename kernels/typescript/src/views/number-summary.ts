import { formatCount, formatNumber } from "./format-value.js";

/** Arrays up to this length are read whole, of longer ones so many runs of so many values: few pages of memory. */
const MOST_READ = 65_536;
const RUNS = 512;
const RUN_VALUES = 32;

/** Range, mean and NaNs of the values that were read. */
export interface NumberSummary {
  readonly length: number;
  /** How many values were read: all, or a fixed sample spread over the whole. */
  readonly read: number;
  readonly minimum: number | bigint;
  readonly maximum: number | bigint;
  /** Of the finite values; NaN when there is none. */
  readonly mean: number;
  readonly nanCount: number;
  readonly infiniteCount: number;
}

/** Where run `i` starts: scattered within its part of the array, so that a period in the data is not met in step. */
function runStart(i: number, length: number): number {
  const share = (Math.imul(i, 0x9e3779b1) >>> 0) / 2 ** 32;
  const part = length / RUNS;
  return Math.floor(i * part + share * (part - RUN_VALUES));
}

/** The values that stand for a long array: 512 runs of 32, the same at every call. */
function sampleOf<T>(values: ArrayLike<T>): T[] {
  const sample: T[] = [];
  for (let run = 0; run < RUNS; run++) {
    const start = runStart(run, values.length);
    for (let i = 0; i < RUN_VALUES; i++) sample.push(values[start + i]!);
  }
  return sample;
}

/** `values` themselves, or their sample when there are more than 65,536. */
export function readable<T>(values: ArrayLike<T>): ArrayLike<T> {
  return values.length <= MOST_READ ? values : sampleOf(values);
}

/** Summary of any numbers; `length` is that of the whole array when `read` is a sample of it. */
export function summarizeNumbers(
  read: ArrayLike<number> | ArrayLike<bigint>,
  length: number = read.length,
): NumberSummary {
  let [minimum, maximum]: [number | bigint, number | bigint] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [sum, nanCount, infiniteCount] = [0, 0, 0];
  for (let i = 0; i < read.length; i++) {
    const value = read[i]!;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
    const number = Number(value);
    if (Number.isFinite(number)) sum += number;
    else if (Number.isNaN(number)) nanCount += 1;
    else infiniteCount += 1;
  }
  const mean = sum / (read.length - nanCount - infiniteCount);
  return { length, read: read.length, minimum, maximum, mean, nanCount, infiniteCount };
}

/** The summary in words: range, mean, NaNs, and of what sample; empty for no values. */
export function describeNumbers(summary: NumberSummary): string {
  const { length, read, minimum, maximum, mean, nanCount, infiniteCount } = summary;
  if (length === 0) return "";
  const range = nanCount === read ? "no numbers" : `${formatNumber(minimum)} to ${formatNumber(maximum)}`;
  const parts = [range, ...(Number.isNaN(mean) ? [] : [`mean ${formatNumber(mean)}`])];
  if (nanCount > 0) parts.push(`${formatCount(nanCount)} NaN`);
  if (infiniteCount > 0) parts.push(`${formatCount(infiniteCount)} infinite`);
  if (read < length) parts.push(`of a sample of ${formatCount(read)} of ${formatCount(length)} values`);
  return parts.join(", ");
}

/** The first and last values between brackets, with the number left out. */
export function endsOf(values: ArrayLike<number> | ArrayLike<bigint>, most = 12): string {
  const text = (i: number) => formatNumber(values[i]!);
  const list = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => text(from + i)).join(", ");
  if (values.length <= most) return `[${list(0, values.length)}]`;
  const half = most / 2;
  const left = `… ${formatCount(values.length - most)} more …`;
  return `[${list(0, half)}, ${left}, ${list(values.length - half, values.length)}]`;
}
