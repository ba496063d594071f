import { roundHalfEven } from "../base/rounding.js";
import { createFilterState, sosfiltInto } from "./biquads.js";
import type { Sections } from "./butterworth.js";
import { commonInto, createStore, type Flow, type FlowPlan, offsetsOf } from "./flow.js";
import { createFourierResampler, type FourierResampler } from "./fourier-resample.js";
import { mixInto } from "./mixing.js";
import { createMoments } from "./normalize.js";
import { LANES } from "./polyphase.js";
import { rateRatio, resamplePolyphase } from "./resampler.js";
import { extremesInto, takeSamples } from "./sample-block.js";
import { sosfiltfilt } from "./zero-phase.js";

/** What the chain over a whole recording needs beside the plan. */
export interface WholePlan extends FlowPlan {
  readonly bandPass: Sections;
  readonly notch?: Sections;
  readonly phase: "causal" | "zero";
  readonly resample: "polyphase" | "fourier";
}

/** Filter a channel, which may be overwritten. */
function filterChannel(x: Float64Array, { bandPass, notch, phase }: WholePlan): Float64Array {
  const filters = notch ? [bandPass, notch] : [bandPass];
  if (phase === "zero") return filters.reduce((signal, sections) => sosfiltfilt(signal, sections), x);
  for (const sections of filters) sosfiltInto(x, 0, x.length, sections, createFilterState(sections));
  return x;
}

/** How channels of `length` samples change their rate. */
function planResampling(plan: WholePlan, length: number): FourierResampler {
  const { sampleRateHz, targetRateHz } = plan;
  const { up, down } = rateRatio(sampleRateHz, targetRateHz);
  if (up === down) return (channels) => [...channels];
  if (plan.resample === "polyphase") return (channels) => resamplePolyphase(channels, up, down);
  return createFourierResampler(length, roundHalfEven((length * targetRateHz) / sampleRateHz));
}

/** Reference, offset, resampling and filters over a complete recording, four channels at a time. */
function runWhole(plan: WholePlan, inputs: readonly Float32Array[]): Float32Array[] {
  const { mix } = plan;
  const length = inputs[0]!.length;
  const common = new Float64Array(mix.common ? length : 0);
  commonInto(common, mix, inputs, 0, length);
  const offsets = offsetsOf(plan, inputs);
  const resample = planResampling(plan, length);
  const mixed = (c: number) => {
    const x = new Float64Array(length);
    mixInto(x, 0, 1, inputs, 0, length, mix.rows[c]!, offsets[c]!);
    if (mix.common) for (let i = 0; i < length; i++) x[i]! -= common[i]!;
    return x;
  };
  const out: Float32Array[] = [];
  for (let first = 0; first < mix.rows.length; first += LANES) {
    const channels = mix.rows.slice(first, first + LANES).map((_, lane) => mixed(first + lane));
    for (const x of resample(channels)) out.push(Float32Array.from(filterChannel(x, plan)));
  }
  return out;
}

/**
 * The chain over a whole recording: `feed` stores a copy of its block and gives nothing, `end` gives everything. Memory:
 * the recording in float32, its output in float32, and float64 work space for four channels.
 */
export function createWhole(plan: WholePlan): Flow {
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
      const out = runWhole(plan, store.take());
      moments.push(out);
      for (const [channel, samples] of out.entries()) sink(channel, samples, 0);
    },
    ready: () => 0,
    moments: () => moments.result(),
  };
}
