import { createFilterState, sosfiltInto } from "./biquads.js";
import type { Sections } from "./butterworth.js";
import { resampleFourier } from "./fourier-resample.js";
import { type Mix, mixInto } from "./mixing.js";
import { rateRatio, resamplePolyphase } from "./resampler.js";
import { concat, type Flow, type FlowPlan } from "./stream.js";
import { sosfiltfilt } from "./zero-phase.js";

/** What the chain over a whole recording needs beside the plan. */
export interface WholePlan extends FlowPlan {
  readonly bandPass: Sections;
  readonly notch?: Sections;
  readonly phase: "causal" | "zero";
  readonly resample: "polyphase" | "fourier";
}

/** Python's round: half to even, as the reference counts the samples of a Fourier resampling. */
function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/** One mixed channel of the recording in float64, offset off. */
function mixChannel(mix: Mix, c: number, inputs: readonly Float32Array[], common: Float64Array, offsetSamples: number) {
  const length = inputs[0]!.length;
  const x = new Float64Array(length);
  mixInto(x, 0, inputs, 0, length, mix.rows[c]!);
  if (mix.common) for (let i = 0; i < length; i++) x[i]! -= common[i]!;
  const head = Math.min(offsetSamples, length);
  let sum = 0;
  for (let i = 0; i < head; i++) sum += x[i]!;
  const offset = head > 0 ? sum / head : 0;
  if (offset !== 0) for (let i = 0; i < length; i++) x[i]! -= offset;
  return x;
}

function filterChannel(x: Float64Array, { bandPass, notch, phase }: WholePlan): Float64Array {
  const filters = notch ? [bandPass, notch] : [bandPass];
  if (phase === "zero") return filters.reduce((signal, sections) => sosfiltfilt(signal, sections), x);
  for (const sections of filters) sosfiltInto(x, 0, x.length, sections, createFilterState(sections));
  return x;
}

/** Resample two channels (what one Fourier transform carries); sources are let go as soon as possible. */
function resampleChannels(channels: Float64Array[], plan: WholePlan): Float64Array[] {
  const { sampleRateHz, targetRateHz } = plan;
  const { up, down } = rateRatio(sampleRateHz, targetRateHz);
  if (up === down) return channels;
  if (plan.resample === "polyphase") return channels.map((x) => resamplePolyphase(x, up, down));
  return resampleFourier(channels, roundHalfEven((channels[0]!.length * targetRateHz) / sampleRateHz));
}

/** The chain over a whole recording: inputs are stored as they come and worked on two channels at a time at the end. */
export function createWhole(plan: WholePlan): Flow {
  const { mix, offsetSamples } = plan;
  let blocks: (readonly Float32Array[])[] = [];
  const empty = () => mix.rows.map(() => new Float32Array(0));
  return {
    push(block) {
      blocks.push(block.map((signal) => signal.slice()));
      return empty();
    },
    flush() {
      const inputs = (blocks[0] ?? []).map((_, e) => concat(blocks.map((block) => block[e]!)));
      blocks = [];
      const length = inputs[0]?.length ?? 0;
      if (length === 0) return empty();
      const common = new Float64Array(mix.common ? length : 0);
      if (mix.common) mixInto(common, 0, inputs, 0, length, mix.common);
      const out: Float32Array[] = [];
      for (let c = 0; c < mix.rows.length; c += 2) {
        const pair = [c, c + 1].filter((channel) => channel < mix.rows.length);
        const mixed = pair.map((channel) => mixChannel(mix, channel, inputs, common, offsetSamples));
        for (const x of resampleChannels(mixed, plan)) out.push(Float32Array.from(filterChannel(x, plan)));
      }
      return out;
    },
  };
}
