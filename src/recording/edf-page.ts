import type { EegPanel } from "../base/eeg-panel.js";
import { requireNumber } from "../base/options.js";
import { quantileOf } from "../base/quantile.js";
import type { ByteSource } from "./byte-source.js";
import { readEdfBlocks } from "./edf-blocks.js";
import type { EdfHeader } from "./edf-header.js";
import type { EdfSignal } from "./edf-signals.js";

/**
 * A stretch of a recording for a page of EEG: microvolts, each channel's mean taken off. It starts with the first record
 * that holds the stretch asked for.
 */
export interface EdfPage extends EegPanel {
  /** Median over channels of the 99th percentile of the absolute value: a distance between channels that suits. */
  readonly amplitude: number;
}

export interface EdfPageOptions {
  /** @default 0 */
  readonly startSeconds?: number;
  /** @default 10 */
  readonly durationSeconds?: number;
  /** Electrodes in the order to show; those that the file lacks are left out. @default all, as in the file */
  readonly electrodes?: readonly string[];
  /** To shade. @default none */
  readonly seizures?: EdfPage["seizures"];
}

/**
 * Read whole records around a stretch, electrodes of the rate that most of them have. Only those records are read. RangeError
 * when the stretch lies outside the recording or no electrode is left.
 */
export async function readEdfPage(
  source: ByteSource,
  header: EdfHeader,
  options: EdfPageOptions = {},
): Promise<EdfPage> {
  const { startSeconds = 0, durationSeconds = 10, seizures = [] } = options;
  requireNumber("startSeconds", startSeconds, { least: 0 });
  requireNumber("durationSeconds", durationSeconds, { above: 0 });
  const { recordDurationSeconds, recordsFound } = header;
  const startRecord = Math.floor(startSeconds / recordDurationSeconds);
  const endRecord = Math.min(recordsFound, Math.ceil((startSeconds + durationSeconds) / recordDurationSeconds));
  if (!(startRecord >= 0 && startRecord < endRecord)) {
    throw new RangeError(`invalid startSeconds: ${startSeconds}; ${source.name} has ${header.durationSeconds} s`);
  }
  const signals = shownSignals(header, options.electrodes);
  if (signals.length === 0) throw new RangeError(`invalid electrodes: ${source.name} has none of those asked for`);
  const perRecord = signals[0]!.samplesPerRecord;
  const sampleCount = perRecord * (endRecord - startRecord);
  const samples = new Float32Array(signals.length * sampleCount);
  const range = { startRecord, endRecord, gaps: "split" as const, signals: signals.map(({ index }) => index) };
  for await (const block of readEdfBlocks(source, header, range)) {
    const at = (block.startRecord - startRecord) * perRecord;
    for (const [channel, values] of block.samples.entries()) samples.set(values, channel * sampleCount + at);
  }
  const amplitude = centreInPlace(samples, signals.length);
  return {
    title: `${source.name.slice(source.name.lastIndexOf("/") + 1)} at ${startRecord * recordDurationSeconds} s`,
    channels: signals.map(({ electrode, label }) => electrode ?? label),
    sampleRateHz: signals[0]!.sampleRateHz,
    startSeconds: startRecord * recordDurationSeconds,
    ...{ samples, seizures, amplitude },
  };
}

function shownSignals({ signals }: EdfHeader, order: readonly string[] | undefined): EdfSignal[] {
  const first = new Map<string, EdfSignal>();
  for (const signal of signals) {
    if (signal.electrode && !first.has(signal.electrode)) first.set(signal.electrode, signal);
  }
  const chosen = order ? order.flatMap((name) => first.get(name) ?? []) : [...first.values()];
  const rates = chosen.map(({ samplesPerRecord }) => samplesPerRecord);
  const count = (rate: number) => rates.filter((other) => other === rate).length;
  const usual = rates.reduce((best, rate) => (count(rate) > count(best) ? rate : best), rates[0] ?? 0);
  return chosen.filter(({ samplesPerRecord }) => samplesPerRecord === usual);
}

/** Takes each channel's mean off; returns the amplitude of `EdfPage`. */
function centreInPlace(samples: Float32Array, channelCount: number): number {
  const sampleCount = samples.length / channelCount;
  const amplitudes: number[] = [];
  for (let channel = 0; channel < channelCount; channel++) {
    const row = samples.subarray(channel * sampleCount, (channel + 1) * sampleCount);
    const mean = row.reduce((sum, value) => sum + value, 0) / sampleCount;
    for (let i = 0; i < sampleCount; i++) row[i] = row[i]! - mean;
    amplitudes.push(quantileOf(row.map(Math.abs), 0.99));
  }
  return quantileOf(amplitudes, 0.5);
}
