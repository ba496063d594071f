import { roundHalfEven } from "../base/rounding.js";
import { createFilterState } from "./biquads.js";
import { cascade, type Sections } from "./butterworth.js";
import { commonInto, createStore, type Flow, type FlowPlan, offsetsOf } from "./flow.js";
import { createFourierResampler, type FourierResampler } from "./fourier-resample.js";
import type { Kernels } from "./kernels.js";
import { type LaneWorks, leadIn, openLaneWorks } from "./lane-works.js";
import { mixInto } from "./mixing.js";
import { createMoments } from "./normalize.js";
import { designPolyphase, LANES, type PolyphaseBank } from "./polyphase.js";
import { isSameRate, rateRatio } from "./resampler.js";
import { extremesInto, takeSamples } from "./sample-block.js";
import { sosfiltfilt } from "./zero-phase.js";

/** What the chain over a whole recording needs beside the plan. */
export interface WholePlan extends FlowPlan {
  readonly bandPass: Sections;
  readonly notch?: Sections;
  readonly phase: "causal" | "zero";
  readonly resample: "polyphase" | "fourier";
}

/** Filter four channels, shape [sample, LANES], which may be overwritten. */
function filterLanes(x: Float64Array, { bandPass, notch, phase }: WholePlan, { filter }: LaneWorks): Float64Array {
  const filters = notch ? [bandPass, notch] : [bandPass];
  if (phase === "zero") return filters.reduce((signal, sections) => sosfiltfilt(signal, sections, LANES, filter), x);
  const all = cascade(...filters);
  filter(x, all, new Float64Array(LANES * createFilterState(all).length));
  return x;
}

/** Four channels, shape [sample, LANES], `lead` zeros before and `tail` after them, to their new rate. */
interface Resampling {
  readonly bank?: PolyphaseBank;
  readonly lead: number;
  readonly tail: number;
  run(x: Float64Array, works: LaneWorks): Float64Array;
}

function laneOf(x: Float64Array, lane: number): Float64Array {
  const out = new Float64Array(x.length / LANES);
  for (let i = 0, at = lane; i < out.length; i++, at += LANES) out[i] = x[at]!;
  return out;
}

function resampleByFourier(x: Float64Array, resample: FourierResampler): Float64Array {
  const channels = resample(Array.from({ length: LANES }, (_, lane) => laneOf(x, lane)));
  const out = new Float64Array(LANES * channels[0]!.length);
  for (const [lane, channel] of channels.entries())
    for (let i = 0, at = lane; i < channel.length; i++, at += LANES) out[at] = channel[i]!;
  return out;
}

/** How channels of `length` samples change their rate. */
function planResampling(plan: WholePlan, length: number): Resampling {
  const { sampleRateHz, targetRateHz } = plan;
  if (isSameRate(sampleRateHz, targetRateHz)) return { lead: 0, tail: 0, run: (x) => x };
  if (plan.resample === "polyphase") {
    const { up, down } = rateRatio(sampleRateHz, targetRateHz);
    const bank = designPolyphase(up, down);
    return { bank, lead: leadIn(bank), tail: bank.taps, run: (x, works) => works.resample(x, length, bank) };
  }
  const resample = createFourierResampler(length, roundHalfEven((length * targetRateHz) / sampleRateHz));
  return { lead: 0, tail: 0, run: (x) => resampleByFourier(x, resample) };
}

/** Reference, offset, resampling and filters over a complete recording, four channels at a time. */
function runWhole(plan: WholePlan, inputs: readonly Float32Array[], kernels?: Kernels["name"]): Float32Array[] {
  const { mix } = plan;
  const length = inputs[0]!.length;
  const common = new Float64Array(mix.common ? length : 0);
  commonInto(common, mix, inputs, 0, length);
  const offsets = offsetsOf(plan, inputs);
  const { bank, lead, tail, run } = planResampling(plan, length);
  const works = openLaneWorks(bank, kernels);
  const mixed = (first: number) => {
    const x = new Float64Array(LANES * (lead + length + tail));
    for (const [lane, row] of mix.rows.slice(first, first + LANES).entries()) {
      const start = LANES * lead + lane;
      mixInto(x, start, LANES, inputs, 0, length, row, offsets[first + lane]!);
      if (mix.common) for (let i = 0, at = start; i < length; i++, at += LANES) x[at]! -= common[i]!;
    }
    return x;
  };
  const out: Float32Array[] = [];
  try {
    for (let first = 0; first < mix.rows.length; first += LANES) {
      const x = filterLanes(run(mixed(first), works), plan, works);
      for (let lane = 0; lane < Math.min(LANES, mix.rows.length - first); lane++)
        out.push(Float32Array.from(laneOf(x, lane)));
    }
  } finally {
    works.release();
  }
  return out;
}

/**
 * The chain over a whole recording: `feed` stores a copy of its block and gives nothing, `end` gives everything. Memory:
 * the recording in float32, its output in float32, and float64 work space for four channels. `kernels` picks the loops.
 */
export function createWhole(plan: WholePlan, kernels?: Kernels["name"]): Flow {
  const store = createStore();
  const moments = createMoments(plan.mix.rows.length);
  return {
    feed(block) {
      const samples = takeSamples(block, 0, block.sampleCount);
      if (plan.watch) {
        const extremes = new Float32Array(2 * samples.length);
        extremesInto(extremes, samples, block.sampleCount);
        plan.watch(samples, block.sampleCount, extremes);
      }
      store.add(samples);
    },
    end(sink) {
      if (store.sampleCount === 0) return;
      const out = runWhole(plan, store.take(), kernels);
      moments.push(out);
      for (const [channel, samples] of out.entries()) sink(channel, samples, 0);
    },
    ready: () => 0,
    moments: () => moments.result(),
  };
}
