// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
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
import { createStreamingResampler } from "./streaming-resampler.js";
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
  /** `[channel, sample]` in steps; each channel's mean over its first second is subtracted. Zeros in gaps. */
  readonly samples: Int16Array;
  /** Time between the first and the last sample in which nothing was recorded (reported by the timestamps, in every kind of file). */
  readonly gaps: readonly Interval[];
  /** Signals that are not shown, with the reason. */
  readonly excluded: readonly string[];
}

export interface ViewOptions {
  /** The samples, compressed and in base64, take no more than about this. @default 4.6e6 per hour, and for less than one */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const HIGHEST_RATE_HZ = 256;
const BYTES_PER_HOUR = 4.6e6;

/** Bytes that the samples of a recording of this length may take on a page, unless `maxBytes` says otherwise. */
export const viewBytesOf = (seconds: number): number => BYTES_PER_HOUR * Math.max(1, seconds / 3600);

/** Tried in this order until the page is small enough: rate in hertz (at most the file's), step in microvolts. */
const RESOLUTIONS = [
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

const COARSEST_STEP = 8;

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
  const { chosen, channels, excluded } = chooseViewSignals(header);
  const [first] = chosen;
  if (!first)
    throw new UnsupportedError(`${source.name}: no signal that a page could show among ${header.signals.length}`);
  const recordedRateHz = first.sampleRateHz;
  const signals = chosen.map(({ index }) => index);
  const recorded = await readRows(source, header, signals, recordedRateHz, options.signal);
  requireNumbers({ maxBytes: options.maxBytes }, { above: 0, mayBeInfinite: true });
  const fitted = fitToSize(recorded, options.maxBytes ?? viewBytesOf(recorded.sampleCount / recorded.sampleRateHz));
  return { ...fitted, channels, recordedRateHz, gaps: recorded.gaps, excluded };
}

/** All samples of the signals, before they are reduced to the size of a page. */
interface RecordedRows {
  /** One per signal, gaps filled with zeros. */
  readonly rows: readonly Float32Array[];
  readonly sampleCount: number;
  readonly sampleRateHz: number;
  readonly gaps: readonly Interval[];
}

/** The rate at which samples are held while the final rate is chosen. */
function heldRate(recordedRateHz: number): number {
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

async function readRows(
  source: ByteSource,
  header: EdfHeader,
  signals: readonly number[],
  recordedRateHz: number,
  signal?: AbortSignal,
): Promise<RecordedRows> {
  const sampleRateHz = heldRate(recordedRateHz);
  const { up, down } = rateRatio(recordedRateHz, sampleRateHz);
  const segments: SegmentRows[] = [];
  let resampler = createStreamingResampler(signals.length, up, down);
  let endSeconds = 0;
  const append = (rows: readonly Float32Array[]) => {
    for (const [c, row] of rows.entries()) segments.at(-1)?.rows[c]?.push(row);
  };
  for await (const block of readEdfBlocks(source, header, { signals, gaps: "split", reuse: true })) {
    signal?.throwIfAborted();
    if (!block.isContinuous) {
      refuseTimes(source.name, block, endSeconds);
      append(resampler.flush());
      resampler = createStreamingResampler(signals.length, up, down);
      segments.push({ startSeconds: block.startSeconds, rows: signals.map(() => []) });
    }
    append(resampler.push(block.samples));
    endSeconds = block.startSeconds + (block.samples[0]?.length ?? 0) / recordedRateHz;
  }
  append(resampler.flush());
  if (segments.length === 0) throw new UnsupportedError(`${source.name}: no whole record to show`);
  return joinSegments(segments, signals.length, sampleRateHz, endSeconds);
}

/** Records that overlap others, or lie years after them, cannot be shown at their times. */
function refuseTimes(name: string, { startRecord, startSeconds }: EdfBlock, endSeconds: number): void {
  const isTooLate = startSeconds > LONGEST_SPAN_SECONDS;
  if (startSeconds >= endSeconds && !isTooLate) return;
  const expected = isTooLate ? `within ${LONGEST_SPAN_SECONDS} s of the first` : `not before ${endSeconds} s`;
  throw new UnsupportedError(
    `${name}: record ${startRecord} starts at ${startSeconds} s, expected ${expected}; check its timestamps (ictal edf info)`,
  );
}

/** The blocks of one segment, an array of them per signal. */
interface SegmentRows {
  readonly startSeconds: number;
  readonly rows: readonly Float32Array[][];
}

function joinSegments(
  segments: readonly SegmentRows[],
  channelCount: number,
  sampleRateHz: number,
  endSeconds: number,
): RecordedRows {
  const sampleCount = Math.round(endSeconds * sampleRateHz);
  const gaps: Interval[] = [];
  let before = 0;
  for (const { startSeconds, rows } of segments) {
    if (startSeconds > before + 0.5 / sampleRateHz) gaps.push({ startSeconds: before, endSeconds: startSeconds });
    before = startSeconds + (rows[0] ?? []).reduce((sum, { length }) => sum + length, 0) / sampleRateHz;
  }
  const rows = Array.from({ length: channelCount }, (_, c) => {
    const out = new Float32Array(sampleCount);
    for (const { startSeconds, rows: own } of segments) {
      const blocks = own[c] ?? [];
      const offset = offsetOf(blocks, sampleRateHz);
      let at = Math.round(startSeconds * sampleRateHz);
      for (const block of blocks) {
        for (let i = 0; i < block.length && at < sampleCount; i++, at++) out[at] = block[i]! - offset;
      }
    }
    return out;
  });
  return { rows, sampleCount, sampleRateHz, gaps };
}

/** Mean over the first second. */
function offsetOf(blocks: readonly Float32Array[], sampleRateHz: number): number {
  let sum = 0;
  let count = 0;
  for (const block of blocks) {
    for (let i = 0; i < block.length && count < sampleRateHz; i++, count++) sum += block[i]!;
    if (count >= sampleRateHz) break;
  }
  return count > 0 ? sum / count : 0;
}

type Fitted = Pick<ViewSignals, "sampleRateHz" | "sampleCount" | "durationSeconds" | "stepMicrovolts" | "samples">;

function fitToSize(recorded: RecordedRows, maxBytes: number): Fitted {
  const { rows, sampleRateHz: held } = recorded;
  const durationSeconds = recorded.sampleCount / held;
  const ladder = RESOLUTIONS.map(([rate, step]) => ({ rate: Math.min(rate, held), step })).filter(
    ({ rate }) => ratioOf(held, rate) !== undefined,
  );
  const coarsest = ladder.at(-1) ?? { rate: held, step: COARSEST_STEP };
  const chosen = ladder.find(({ rate, step }) => estimateBytes(recorded, rate, step) <= maxBytes) ?? coarsest;
  const sampleCount = Math.round(durationSeconds * chosen.rate);
  const samples = new Int16Array(rows.length * sampleCount);
  const resampled = (row: Float32Array) => resampleRow(row, held, chosen.rate);
  const largest = rows.reduce((most, row) => row.reduce((top, value) => Math.max(top, Math.abs(value)), most), 0);
  const step = Math.max(chosen.step, 2 ** Math.ceil(Math.log2(largest / 32_000 || 1e-9)));
  for (const [c, row] of rows.entries())
    quantizeInto(samples.subarray(c * sampleCount, (c + 1) * sampleCount), resampled(row), step);
  return { sampleRateHz: chosen.rate, sampleCount, durationSeconds, stepMicrovolts: step, samples };
}

function resampleRow(row: Float32Array, fromHz: number, toHz: number): ArrayLike<number> {
  if (fromHz === toHz) return row;
  const { up, down } = rateRatio(fromHz, toHz);
  return resamplePolyphase([row], up, down)[0] ?? row;
}

function quantizeInto(out: Int16Array, values: ArrayLike<number>, step: number): void {
  for (let i = 0; i < out.length; i++)
    out[i] = Math.max(-32_768, Math.min(32_767, Math.round((values[i] ?? 0) / step)));
}

const EXCERPTS = 12;
const EXCERPT_SECONDS = 8;

/** Size of the samples in base64, estimated from excerpts spread over the recording. */
function estimateBytes({ rows, sampleCount, sampleRateHz }: RecordedRows, rate: number, step: number): number {
  const excerpt = Math.min(sampleCount, Math.round(EXCERPT_SECONDS * sampleRateHz));
  const count = Math.max(1, Math.min(EXCERPTS, Math.floor(sampleCount / excerpt)));
  let bytes = 0;
  let samples = 0;
  for (const row of rows) {
    const coded: Uint8Array[] = [];
    for (let k = 0; k < count; k++) {
      const at = count === 1 ? 0 : Math.floor((k * (sampleCount - excerpt)) / (count - 1));
      const values = resampleRow(row.subarray(at, at + excerpt), sampleRateHz, rate);
      const quantized = new Int16Array(values.length);
      quantizeInto(quantized, values, step);
      coded.push(encodeDeltas(quantized));
      samples += quantized.length;
    }
    bytes += deflateSync(Buffer.concat(coded)).length;
  }
  const total = rows.length * (sampleCount / sampleRateHz) * rate;
  return ((bytes / samples) * total * 4) / 3;
}
