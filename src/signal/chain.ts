import { UnsupportedError } from "@ictal/base/errors";
import { butterworth, cascade, notch, type Sections } from "./butterworth.js";
import { type ChainOptions, checkChainOptions } from "./chain-options.js";
import { concat, type Sink } from "./flow.js";
import type { Kernels } from "./kernels.js";
import { planMix } from "./mixing.js";
import { montageOf } from "./montages.js";
import type { Moments } from "./normalize.js";
import { floatBlock, type InputWatch, type SampleBlock } from "./sample-block.js";
import { createStream } from "./stream.js";
import { createWhole } from "./whole.js";

export { type ChainOptions, chainHash, DEFAULT_CHAIN, DSP_VERSION, REFERENCE_CHAIN } from "./chain-options.js";

/** The recording a chain is made for: one sample rate, and the name of each input electrode in the order of the blocks. */
export interface ChainInput {
  readonly sampleRateHz: number;
  readonly electrodes: readonly string[];
  /** The loops; both give the same bits. @default WebAssembly where it is there (see `kernelsInUse`) */
  readonly kernels?: Kernels["name"];
  /** Sees every input sample once, in order. @default nobody */
  readonly watch?: InputWatch;
}

/** The way of one recording through electrodes, montage, resampling and filters; made anew for each recording. */
export interface Chain {
  /** Names of the output channels, e.g. "FP1" or "FP1-F7". */
  readonly channelNames: string[];
  /** Per output channel: true where an electrode of it was interpolated. */
  readonly filled: boolean[];
  /**
   * Take the next samples, one array of microvolts per input electrode, all of one length (any, 0 included), and return
   * what is complete: one new array per output channel at `targetRateHz`, in microvolts, before normalisation. How the
   * recording is cut into blocks never changes a bit of the whole. The blocks are read before `push` returns and not kept,
   * bar up to `offsetSeconds` at the start.
   */
  push(block: readonly Float32Array[]): Float32Array[];
  /**
   * End the recording and return the rest: all in all ceil(samples * targetRateHz / sampleRateHz) per channel (with
   * `resample: "fourier"` the quotient rounded, halves to even). Throws UnsupportedError when zero-phase filters meet a
   * recording of a few samples.
   */
  flush(): Float32Array[];
  /**
   * `push` of samples in another form, without a copy of the output: `sink` is called with runs of samples of each channel
   * in order; the arrays are only good until it returns. The block is read before `feed` returns and not kept.
   */
  feed(block: SampleBlock, sink: Sink): void;
  /** `flush` into a sink. */
  end(sink: Sink): void;
  /** Mean and population standard deviation of all samples returned so far, bit for bit as `createMoments` collects them. */
  moments(): Moments;
}

/** Band-pass and notch of a chain; throws ConfigError when an edge is not below half of `targetRateHz`. */
export function chainSections(options: ChainOptions): { bandPass: Sections; notch?: Sections; all: Sections } {
  const { filterOrder, lowCutHz, highCutHz, targetRateHz, notchHz, notchQ } = options;
  const bandPass = butterworth(filterOrder, { lowCutHz, highCutHz }, targetRateHz);
  if (notchHz === null) return { bandPass, all: bandPass };
  const mains = notch(notchHz, notchQ, targetRateHz);
  return { bandPass, notch: mains, all: cascade(bandPass, mains) };
}

/** What `run` gives a sink, as one array per channel. */
function collect(channelCount: number, run: (sink: Sink) => void): Float32Array[] {
  const parts = Array.from({ length: channelCount }, () => [] as Float32Array[]);
  run((channel, samples) => parts[channel]!.push(samples.slice()));
  return parts.map(concat);
}

function refuseInputs(found: number, { length }: readonly string[]): never {
  throw new RangeError(`invalid block: ${found} signals (expected ${length}, one per electrode)`);
}

function checkedBlock(block: readonly Float32Array[], electrodes: readonly string[]): readonly Float32Array[] {
  if (block.length !== electrodes.length) refuseInputs(block.length, electrodes);
  const odd = block.findIndex((signal) => signal.length !== block[0]!.length);
  if (odd >= 0) {
    throw new RangeError(
      `invalid block: ${electrodes[odd]} has ${block[odd]!.length} samples (expected ${block[0]!.length} as ${electrodes[0]})`,
    );
  }
  return block;
}

/**
 * Make the chain of one recording: electrodes, missing ones filled in → reference → offset → resampling → band-pass →
 * notch. With `phase: "causal"` and `resample: "polyphase"` memory does not grow with the recording and filters start at
 * rest (state zero) on a signal whose offset is off; otherwise `push` stores the recording (4 bytes per sample) and
 * returns empty arrays, and `flush` returns it all.
 * Throws UnsupportedError on unknown, repeated or too many missing electrodes or a rate with no usable ratio, ConfigError
 * on wrong options, RangeError on blocks of unequal shape and on use after `flush`.
 */
export function createChain(options: ChainOptions, input: ChainInput): Chain {
  checkChainOptions(options);
  const { electrodes, sampleRateHz } = input;
  if (electrodes.length === 0)
    throw new UnsupportedError("no electrodes: expected 15 to 19 scalp electrodes; leave the recording out");
  const mix = planMix(montageOf(options.reference), electrodes, options.missing);
  const sections = chainSections(options);
  const offsetSamples = Math.round(options.offsetSeconds * sampleRateHz);
  const streams = options.phase === "causal" && options.resample === "polyphase";
  const plan = { mix, offsetSamples, sampleRateHz, targetRateHz: options.targetRateHz, watch: input.watch };
  const flow = streams
    ? createStream({ ...plan, sections: sections.all, inputCount: electrodes.length }, input.kernels)
    : createWhole({ ...plan, ...sections, phase: options.phase, resample: options.resample }, input.kernels);
  let open = true;
  let sampleCount = 0; // given per channel
  const stillOpen = () => {
    if (!open) throw new RangeError("the chain has been flushed: make one chain per recording");
  };
  const finish = () => {
    stillOpen();
    open = false;
  };
  return {
    channelNames: [...mix.channelNames],
    filled: [...mix.filled],
    push(block) {
      stillOpen();
      const samples = floatBlock(checkedBlock(block, electrodes));
      const out = mix.rows.map(() => new Float32Array(flow.ready(samples.sampleCount)));
      const before = sampleCount;
      flow.feed(samples, (channel, values, at) => out[channel]!.set(values, at - before));
      sampleCount += out[0]!.length;
      return out;
    },
    flush() {
      finish();
      return collect(mix.rows.length, (sink) => flow.end(sink));
    },
    feed(block, sink) {
      stillOpen();
      if (block.inputCount !== electrodes.length) refuseInputs(block.inputCount, electrodes);
      sampleCount += flow.ready(block.sampleCount);
      flow.feed(block, sink);
    },
    end(sink) {
      finish();
      flow.end(sink);
    },
    moments: () => flow.moments(),
  };
}
