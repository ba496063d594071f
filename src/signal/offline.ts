// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { lend } from "../base/borrowed.js";
import { roundHalfEven } from "../base/rounding.js";
import { createFilterState } from "./biquads.js";
import { cascade, type Sections } from "./butterworth.js";
import { createFourierResampler, type FourierResampler } from "./fourier-resample.js";
import type { Kernels } from "./kernels.js";
import { createMoments } from "./normalize.js";
import { designPolyphase, GROUP_CHANNELS, type PolyphaseBank } from "./polyphase.js";
import { projectInto } from "./rereferencing.js";
import { isSameRate, rateRatio } from "./resampler.js";
import { extremesInto, takeSamples } from "./sample-block.js";
import { BlockQueue, commonInto, offsetsOf, type ProcessorSettings, type SignalProcessor } from "./signal-processor.js";
import { leadIn, openSimdKernels, type SimdKernels } from "./simd-kernels.js";
import { sosfiltfilt } from "./zero-phase.js";

/** What the chain over a complete recording needs beside the settings of every processor. */
export interface OfflineSettings extends ProcessorSettings {
  readonly bandPass: Sections;
  readonly notch?: Sections | undefined;
  readonly phase: "causal" | "zero";
  readonly resample: "polyphase" | "fourier";
  readonly statistics: "filtered" | "recorded";
}

/** Filter four channels, shape [sample, GROUP_CHANNELS], which may be overwritten. */
function filterGroup(x: Float64Array, settings: OfflineSettings, { filter }: SimdKernels): Float64Array {
  const { bandPass, notch, phase } = settings;
  const filters = notch ? [bandPass, notch] : [bandPass];
  if (phase === "zero")
    return filters.reduce((signal, sections) => sosfiltfilt(signal, sections, GROUP_CHANNELS, filter), x);
  const all = cascade(...filters);
  filter(x, all, new Float64Array(GROUP_CHANNELS * createFilterState(all).length));
  return x;
}

/** Four channels, shape [sample, GROUP_CHANNELS], `lead` zeros before and `tail` after them, to their new rate. */
interface Resampling {
  readonly bank?: PolyphaseBank;
  readonly lead: number;
  readonly tail: number;
  run(x: Float64Array, kernels: SimdKernels): Float64Array;
}

function channelOf(x: Float64Array, lane: number): Float64Array {
  const out = new Float64Array(x.length / GROUP_CHANNELS);
  for (let i = 0, at = lane; i < out.length; i++, at += GROUP_CHANNELS) out[i] = x[at]!;
  return out;
}

function resampleByFourier(x: Float64Array, sampleCount: number, resample: FourierResampler): Float64Array {
  const channels = resample(Array.from({ length: GROUP_CHANNELS }, (_, lane) => channelOf(x, lane)));
  const out = new Float64Array(GROUP_CHANNELS * sampleCount);
  for (const [lane, channel] of channels.entries())
    for (let i = 0, at = lane; i < channel.length; i++, at += GROUP_CHANNELS) out[at] = channel[i]!;
  return out;
}

/** How channels of `length` samples change their rate. */
function createResampling(settings: OfflineSettings, length: number): Resampling {
  const { sampleRateHz, targetRateHz } = settings;
  if (isSameRate(sampleRateHz, targetRateHz)) return { lead: 0, tail: 0, run: (x) => x };
  if (settings.resample === "polyphase") {
    const { up, down } = rateRatio(sampleRateHz, targetRateHz);
    const bank = designPolyphase(up, down);
    return { bank, lead: leadIn(bank), tail: bank.taps, run: (x, kernels) => kernels.resample(x, length, bank) };
  }
  const sampleCount = roundHalfEven((length * targetRateHz) / sampleRateHz);
  const resample = createFourierResampler(length, sampleCount);
  return { lead: 0, tail: 0, run: (x) => resampleByFourier(x, sampleCount, resample) };
}

/** Population standard deviation of `length` samples at `start`, `start + GROUP_CHANNELS`, … of x. */
function deviationOf(x: Float64Array, start: number, length: number): number {
  let sum = 0;
  let sumOfSquares = 0;
  for (let i = 0, at = start; i < length; i++, at += GROUP_CHANNELS) {
    sum += x[at]!;
    sumOfSquares += x[at]! * x[at]!;
  }
  return Math.sqrt(Math.max(0, sumOfSquares / length - (sum / length) ** 2));
}

interface OfflineOutput {
  /** One array per output channel. */
  readonly channels: Float32Array[];
  /** Standard deviation of each channel before resampling and filters, its offset subtracted. */
  readonly recordedStd: Float64Array;
}

/** Reference, offset, resampling and filters over a complete recording, four channels at a time. */
function runOffline(
  settings: OfflineSettings,
  inputs: readonly Float32Array[],
  length: number,
  name: Kernels["name"] | undefined,
): OfflineOutput {
  const { projection } = settings;
  const common = new Float64Array(projection.common ? length : 0);
  commonInto(common, projection, inputs, 0, length);
  const offsetSamples = settings.statistics === "recorded" ? length : settings.offsetSamples;
  const offsets = offsetsOf({ ...settings, offsetSamples }, inputs);
  const { bank, lead, tail, run } = createResampling(settings, length);
  const kernels = openSimdKernels(bank, name);
  const projectGroup = (first: number) => {
    const x = new Float64Array(GROUP_CHANNELS * (lead + length + tail));
    for (const [lane, row] of projection.rows.slice(first, first + GROUP_CHANNELS).entries()) {
      const start = GROUP_CHANNELS * lead + lane;
      projectInto(x, start, GROUP_CHANNELS, inputs, 0, length, row, offsets[first + lane]);
      if (projection.common) for (let i = 0, at = start; i < length; i++, at += GROUP_CHANNELS) x[at]! -= common[i]!;
    }
    return x;
  };
  const channels: Float32Array[] = [];
  const recordedStd = new Float64Array(projection.rows.length);
  try {
    for (let first = 0; first < projection.rows.length; first += GROUP_CHANNELS) {
      const lanes = Math.min(GROUP_CHANNELS, projection.rows.length - first);
      const recorded = projectGroup(first);
      if (settings.statistics === "recorded")
        for (let lane = 0; lane < lanes; lane++)
          recordedStd[first + lane] = deviationOf(recorded, GROUP_CHANNELS * lead + lane, length);
      const x = filterGroup(run(recorded, kernels), settings, kernels);
      for (let lane = 0; lane < lanes; lane++) channels.push(Float32Array.from(channelOf(x, lane)));
    }
  } finally {
    kernels.release();
  }
  return { channels, recordedStd };
}

/**
 * The chain over a complete recording: `process` stores a copy of its block and gives nothing, `flush` gives everything.
 * Memory: the recording in float32, its output in float32, and float64 work space for four channels. `name` picks the kernels.
 */
export function createOfflineProcessor(settings: OfflineSettings, name?: Kernels["name"]): SignalProcessor {
  const queue = new BlockQueue(settings.inputCount);
  const channelCount = settings.projection.rows.length;
  const moments = createMoments(channelCount);
  let recordedStd: Float64Array = new Float64Array(channelCount);
  return {
    process(block) {
      const samples = takeSamples(block, 0, block.sampleCount);
      if (settings.tap) {
        const extremes = new Float32Array(2 * samples.length);
        extremesInto(extremes, samples, block.sampleCount);
        settings.tap(samples.map(lend), block.sampleCount, lend(extremes));
      }
      queue.add(samples);
    },
    flush(onSamples) {
      const { sampleCount } = queue;
      if (sampleCount === 0) return;
      const out = runOffline(settings, queue.take(), sampleCount, name);
      recordedStd = out.recordedStd;
      moments.push(out.channels);
      for (const [channel, samples] of out.channels.entries()) onSamples(channel, lend(samples), 0);
    },
    ready: () => 0,
    moments() {
      const filtered = moments.result();
      if (settings.statistics === "filtered") return filtered;
      return { sampleCount: filtered.sampleCount, mean: new Float64Array(channelCount), std: recordedStd };
    },
  };
}
