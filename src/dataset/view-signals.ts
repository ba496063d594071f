/** The signals of a whole recording at the rate and resolution of a page for readers. */

import { deflateSync } from "node:zlib";
import { isIctalError, UnsupportedError } from "@ictal/base/errors";
import { requireNumbers } from "@ictal/base/options";
import { encodeDeltas } from "../base/delta-code.js";
import type { Interval } from "../base/events.js";
import type { ByteSource } from "../recording/byte-source.js";
import { type EdfBlock, readEdfBlocks } from "../recording/edf-blocks.js";
import type { EdfHeader } from "../recording/edf-header.js";
import { LONGEST_SPAN_SECONDS } from "../recording/edf-timeline.js";
import { rateRatio, resamplePolyphase } from "../signal/resampler.js";
import { createRateChange } from "./rate-change.js";
import { chooseViewSignals, type ViewChannel } from "./view-channels.js";

export type { ViewChannel } from "./view-channels.js";

/** What a page shows of a recording. */
export interface ViewSignals {
  readonly channels: readonly ViewChannel[];
  readonly sampleRateHz: number;
  /** Rate of the file. */
  readonly recordedRateHz: number;
  readonly sampleCount: number;
  readonly durationSeconds: number;
  /** What one step of `samples` is. */
  readonly stepMicrovolts: number;
  /** `[channel, sample]` in steps; each channel's mean over its first second is taken off. Zeros in gaps. */
  readonly samples: Int16Array;
  /** Time between the first and the last sample in which nothing was recorded (told by the timestamps, in every kind of file). */
  readonly gaps: readonly Interval[];
  /** Signals that are not there, with the reason. */
  readonly leftOut: readonly string[];
}

export interface ViewOptions {
  /** The samples, compressed and in base64, take no more than about this. @default 4.6e6 per started hour */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

const HIGHEST_RATE_HZ = 256;
const BYTES_PER_HOUR = 4.6e6;

/** What is tried in this order until the page is small enough: rate in hertz (at most the file's), step in microvolts. */
const FIDELITIES = [
  [256, 0.5],
  [256, 1],
  [200, 1],
  [128, 1],
  [128, 2],
  [100, 2],
  [100, 3],
  [100, 4],
  [64, 4],
  [64, 8],
] as const;

/**
 * Read electrodes (and the ECG) of a recording for a page: as recorded, no filter but the one against aliasing. Rate and
 * step are the finest of a ladder from 256 Hz and 0.5 µV to 64 Hz and 8 µV whose compressed size stays within `maxBytes`.
 * Memory: 4 bytes per sample at 256 Hz at most. UnsupportedError when no signal can be shown.
 */
export async function readViewSignals(
  source: ByteSource,
  header: EdfHeader,
  options: ViewOptions = {},
): Promise<ViewSignals> {
  const { chosen, channels, leftOut } = chooseViewSignals(header);
  if (chosen.length === 0)
    throw new UnsupportedError(`${source.name}: no signal that a page could show among ${header.signals.length}`);
  const recordedRateHz = chosen[0]!.sampleRateHz;
  const signals = chosen.map(({ index }) => index);
  const whole = await readWhole(source, header, signals, recordedRateHz, options.signal);
  const hours = Math.max(1, whole.rows[0]!.length / whole.sampleRateHz / 3600);
  requireNumbers({ maxBytes: options.maxBytes }, { above: 0, mayBeInfinite: true });
  const fitted = fit(whole, options.maxBytes ?? BYTES_PER_HOUR * hours);
  return { ...fitted, channels, recordedRateHz, gaps: whole.gaps, leftOut };
}

interface Whole {
  readonly rows: readonly Float32Array[];
  readonly sampleRateHz: number;
  readonly gaps: readonly Interval[];
}

/** The rate at which samples are kept while the final one is sought. */
function keptRate(recordedRateHz: number): number {
  return recordedRateHz > HIGHEST_RATE_HZ && ratioOf(recordedRateHz, HIGHEST_RATE_HZ)
    ? HIGHEST_RATE_HZ
    : recordedRateHz;
}

/** up/down, or undefined where the rates have no usable ratio. */
function ratioOf(fromHz: number, toHz: number): { up: number; down: number } | undefined {
  try {
    return rateRatio(fromHz, toHz);
  } catch (error) {
    if (isIctalError(error, "UnsupportedError")) return undefined;
    throw error;
  }
}

async function readWhole(
  source: ByteSource,
  header: EdfHeader,
  signals: readonly number[],
  recordedRateHz: number,
  signal?: AbortSignal,
): Promise<Whole> {
  const sampleRateHz = keptRate(recordedRateHz);
  const { up, down } = rateRatio(recordedRateHz, sampleRateHz);
  const runs: { startSeconds: number; rows: Float32Array[][] }[] = [];
  let change = createRateChange(signals.length, up, down);
  let endSeconds = 0;
  const finish = () => {
    for (const [c, row] of change.flush().entries()) runs.at(-1)?.rows[c]?.push(row);
  };
  for await (const block of readEdfBlocks(source, header, { signals, gaps: "split", reuse: true })) {
    signal?.throwIfAborted();
    if (!block.isContinuous) {
      refuseTimes(source.name, block, endSeconds);
      finish();
      change = createRateChange(signals.length, up, down);
      runs.push({ startSeconds: block.startSeconds, rows: signals.map(() => []) });
    }
    for (const [c, row] of change.push(block.samples).entries()) runs.at(-1)!.rows[c]!.push(row);
    endSeconds = block.startSeconds + block.samples[0]!.length / recordedRateHz;
  }
  finish();
  if (runs.length === 0) throw new UnsupportedError(`${source.name}: no whole record to show`);
  return joinRuns(runs, signals.length, sampleRateHz, endSeconds);
}

/** Records that lie over others, or years after them, cannot be shown at their times. */
function refuseTimes(name: string, { startRecord, startSeconds }: EdfBlock, endSeconds: number): void {
  const isTooLate = startSeconds > LONGEST_SPAN_SECONDS;
  if (startSeconds >= endSeconds && !isTooLate) return;
  const expected = isTooLate ? `within ${LONGEST_SPAN_SECONDS} s of the first` : `not before ${endSeconds} s`;
  throw new UnsupportedError(
    `${name}: record ${startRecord} starts at ${startSeconds} s, expected ${expected}; check its timestamps (ictal edf info)`,
  );
}

function joinRuns(
  runs: readonly { startSeconds: number; rows: Float32Array[][] }[],
  channelCount: number,
  sampleRateHz: number,
  endSeconds: number,
): Whole {
  const sampleCount = Math.round(endSeconds * sampleRateHz);
  const gaps: Interval[] = [];
  let before = 0;
  for (const { startSeconds, rows } of runs) {
    if (startSeconds > before + 0.5 / sampleRateHz) gaps.push({ startSeconds: before, endSeconds: startSeconds });
    before = startSeconds + rows[0]!.reduce((sum, { length }) => sum + length, 0) / sampleRateHz;
  }
  const rows = Array.from({ length: channelCount }, (_, c) => {
    const out = new Float32Array(sampleCount);
    for (const run of runs) {
      const parts = run.rows[c]!;
      const offset = offsetOf(parts, sampleRateHz);
      let at = Math.round(run.startSeconds * sampleRateHz);
      for (const part of parts) {
        for (let i = 0; i < part.length && at < sampleCount; i++, at++) out[at] = part[i]! - offset;
      }
    }
    return out;
  });
  return { rows, sampleRateHz, gaps };
}

/** Mean over the first second. */
function offsetOf(parts: readonly Float32Array[], sampleRateHz: number): number {
  let sum = 0;
  let count = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length && count < sampleRateHz; i++, count++) sum += part[i]!;
    if (count >= sampleRateHz) break;
  }
  return count > 0 ? sum / count : 0;
}

type Fitted = Pick<ViewSignals, "sampleRateHz" | "sampleCount" | "durationSeconds" | "stepMicrovolts" | "samples">;

function fit(whole: Whole, maxBytes: number): Fitted {
  const { rows, sampleRateHz: kept } = whole;
  const durationSeconds = rows[0]!.length / kept;
  const ladder = FIDELITIES.map(([rate, step]) => ({ rate: Math.min(rate, kept), step })).filter(
    ({ rate }) => ratioOf(kept, rate) !== undefined,
  );
  const chosen = ladder.find(({ rate, step }) => estimateBytes(whole, rate, step) <= maxBytes) ?? ladder.at(-1)!;
  const sampleCount = Math.round(durationSeconds * chosen.rate);
  const samples = new Int16Array(rows.length * sampleCount);
  const resampled = (row: Float32Array) => resampleRow(row, kept, chosen.rate);
  const largest = rows.reduce((most, row) => row.reduce((top, value) => Math.max(top, Math.abs(value)), most), 0);
  const step = Math.max(chosen.step, 2 ** Math.ceil(Math.log2(largest / 32_000 || 1e-9)));
  for (const [c, row] of rows.entries())
    quantizeInto(samples.subarray(c * sampleCount, (c + 1) * sampleCount), resampled(row), step);
  return { sampleRateHz: chosen.rate, sampleCount, durationSeconds, stepMicrovolts: step, samples };
}

function resampleRow(row: Float32Array, fromHz: number, toHz: number): ArrayLike<number> {
  if (fromHz === toHz) return row;
  const { up, down } = rateRatio(fromHz, toHz);
  return resamplePolyphase([row], up, down)[0]!;
}

function quantizeInto(out: Int16Array, values: ArrayLike<number>, step: number): void {
  for (let i = 0; i < out.length; i++)
    out[i] = Math.max(-32_768, Math.min(32_767, Math.round((values[i] ?? 0) / step)));
}

const PIECES = 12;
const PIECE_SECONDS = 8;

/** Size of the samples in base64, from pieces spread over the recording. */
function estimateBytes({ rows, sampleRateHz }: Whole, rate: number, step: number): number {
  const length = rows[0]!.length;
  const piece = Math.min(length, Math.round(PIECE_SECONDS * sampleRateHz));
  const count = Math.max(1, Math.min(PIECES, Math.floor(length / piece)));
  let bytes = 0;
  let samples = 0;
  for (const row of rows) {
    const coded: Uint8Array[] = [];
    for (let k = 0; k < count; k++) {
      const at = count === 1 ? 0 : Math.floor((k * (length - piece)) / (count - 1));
      const values = resampleRow(row.subarray(at, at + piece), sampleRateHz, rate);
      const quantized = new Int16Array(values.length);
      quantizeInto(quantized, values, step);
      coded.push(encodeDeltas(quantized));
      samples += quantized.length;
    }
    bytes += deflateSync(Buffer.concat(coded)).length;
  }
  const total = rows.length * (length / sampleRateHz) * rate;
  return ((bytes / samples) * total * 4) / 3;
}
