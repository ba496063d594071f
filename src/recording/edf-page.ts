import { UnsupportedError } from "@ictal/base/errors";
import { requireNumber } from "@ictal/base/options";
import { quantileOf } from "../base/quantile.js";
import type { ByteSource } from "./byte-source.js";
import { type EdfBlock, readEdfBlocks } from "./edf-blocks.js";
import type { EdfHeader } from "./edf-header.js";
import type { EdfSignal } from "./edf-signals.js";
import { recordAt } from "./edf-timeline.js";
import type { EegPanel } from "./eeg-panel.js";

/**
 * Part of a recording for a page of EEG: microvolts, each channel's mean subtracted. It starts with the first record that
 * holds the requested time.
 */
export interface EdfPage extends EegPanel {
  /** Median over channels of the 99th percentile of the absolute value: a suitable distance between channels. */
  readonly amplitude: number;
}

export interface EdfPageOptions {
  /** @default 0 */
  readonly startSeconds?: number | undefined;
  /** @default 10 */
  readonly durationSeconds?: number | undefined;
  /** Electrodes in the order to show; those that the file lacks are ignored. @default all, as in the file */
  readonly electrodes?: readonly string[] | undefined;
  /** To shade. @default none */
  readonly seizures?: EdfPage["seizures"] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Read whole records around a time range, electrodes (in a file without any, pairs) of the most common rate. Times count gaps, in which the page is zero.
 * Only those records are read, and a few timestamps. RangeError when nothing was recorded in the range or no electrode is
 * left, UnsupportedError where records overlap.
 */
export async function readEdfPage(
  source: ByteSource,
  header: EdfHeader,
  options: EdfPageOptions = {},
): Promise<EdfPage> {
  const { startSeconds = 0, durationSeconds = 10, seizures = [], signal } = options;
  requireNumber("startSeconds", startSeconds, { least: 0 });
  requireNumber("durationSeconds", durationSeconds, { above: 0 });
  const endSeconds = startSeconds + durationSeconds;
  signal?.throwIfAborted();
  const found = await recordAt(source, header, startSeconds);
  if (found.record >= header.recordsFound || found.startSeconds >= endSeconds) {
    throw new RangeError(`invalid startSeconds: ${startSeconds}; ${source.name} has ${header.durationSeconds} s`);
  }
  const signals = selectSignals(header, options.electrodes);
  const sampleRateHz = signals[0]?.sampleRateHz;
  if (sampleRateHz === undefined)
    throw new RangeError(`invalid electrodes: ${source.name} has none of those requested`);
  const runs = await readRuns(source, header, signals, { ...found, endSeconds, signal });
  const page = joinRuns(runs, signals.length, found.startSeconds, sampleRateHz);
  return {
    title: `${source.name.slice(source.name.lastIndexOf("/") + 1)} at ${found.startSeconds} s`,
    channels: signals.map(({ electrode, pair, label }) => electrode ?? pair ?? label),
    sampleRateHz,
    startSeconds: found.startSeconds,
    seizures,
    ...page,
  };
}

type PageRun = Pick<EdfBlock, "startSeconds" | "isContinuous" | "samples">;

/** The runs from a record on that start before `endSeconds`. */
async function readRuns(
  source: ByteSource,
  header: EdfHeader,
  signals: readonly EdfSignal[],
  range: { record: number; startSeconds: number; endSeconds: number; signal: AbortSignal | undefined },
): Promise<PageRun[]> {
  const { record, startSeconds, endSeconds, signal } = range;
  const count = recordsUntil(endSeconds - startSeconds, header);
  const options = {
    signals: signals.map(({ index }) => index),
    startRecord: record,
    endRecord: Math.min(header.recordsFound, record + count),
    signal,
    gaps: "split" as const,
  };
  const runs: PageRun[] = [];
  let reached = startSeconds;
  for await (const block of readEdfBlocks(source, header, options)) {
    if (block.startSeconds >= endSeconds) break;
    if (!block.isContinuous && block.startSeconds < reached)
      throw new UnsupportedError(
        `${source.name}: record ${block.startRecord} starts at ${block.startSeconds} s, before the end of the previous record; show another range`,
      );
    const records = recordsUntil(endSeconds - block.startSeconds, header);
    const cut = (values: Float32Array) => values.subarray(0, (records * values.length) / block.recordCount);
    runs.push(records < block.recordCount ? { ...block, samples: block.samples.map(cut) } : block);
    reached = block.startSeconds + block.recordCount * header.recordDurationSeconds;
  }
  return runs;
}

/** Records that begin within so many seconds. */
function recordsUntil(seconds: number, { recordDurationSeconds }: EdfHeader): number {
  return Math.ceil(seconds / recordDurationSeconds - 1e-9);
}

/** Runs at their times, each channel's mean subtracted, zeros in gaps. */
function joinRuns(runs: readonly PageRun[], channelCount: number, startSeconds: number, sampleRateHz: number) {
  const places: { readonly at: number; readonly samples: readonly Float32Array[] }[] = [];
  let sampleCount = 0;
  for (const { startSeconds: start, isContinuous, samples } of runs) {
    const wanted = Math.round((start - startSeconds) * sampleRateHz);
    const at = isContinuous ? sampleCount : Math.max(sampleCount, wanted);
    places.push({ at, samples });
    sampleCount = at + (samples[0]?.length ?? 0);
  }
  const samples = new Float32Array(channelCount * sampleCount);
  const amplitudes: number[] = [];
  for (let channel = 0; channel < channelCount; channel++) {
    const parts = places.map(({ at, samples: arrays }) => ({ at, values: arrays[channel] ?? new Float32Array(0) }));
    const count = parts.reduce((sum, { values }) => sum + values.length, 0);
    const mean = parts.reduce((sum, { values }) => values.reduce((total, value) => total + value, sum), 0) / count;
    const recorded = new Float32Array(count);
    let taken = 0;
    for (const { at, values } of parts) {
      const centred = values.map((value) => value - mean);
      samples.set(centred, channel * sampleCount + at);
      recorded.set(centred.map(Math.abs), taken);
      taken += values.length;
    }
    amplitudes.push(quantileOf(recorded, 0.99));
  }
  return { samples, amplitude: quantileOf(amplitudes, 0.5) };
}

function selectSignals({ signals }: EdfHeader, order: readonly string[] | undefined): EdfSignal[] {
  const first = new Map<string, EdfSignal>();
  for (const signal of signals) {
    if (signal.electrode && !first.has(signal.electrode)) first.set(signal.electrode, signal);
  }
  if (first.size === 0)
    for (const signal of signals) if (signal.pair && !first.has(signal.pair)) first.set(signal.pair, signal);
  const chosen = order ? order.flatMap((name) => first.get(name) ?? []) : [...first.values()];
  const rates = chosen.map(({ samplesPerRecord }) => samplesPerRecord);
  const count = (rate: number) => rates.filter((other) => other === rate).length;
  const commonRate = rates.reduce((best, rate) => (count(rate) > count(best) ? rate : best), rates[0] ?? 0);
  return chosen.filter(({ samplesPerRecord }) => samplesPerRecord === commonRate);
}
