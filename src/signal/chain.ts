import { UnsupportedError } from "@ictal/base/errors";
import { butterworth, cascade, notch, type Sections } from "./butterworth.js";
import { type ChainOptions, checkChainOptions } from "./chain-options.js";
import type { Kernels } from "./kernels.js";
import { montageOf } from "./montages.js";
import type { Moments } from "./normalize.js";
import { createOfflineProcessor } from "./offline.js";
import { createProjection, type MontageProjection } from "./rereferencing.js";
import { floatBlock, type InputTap, type SampleBlock } from "./sample-block.js";
import { concat, type OnSamples, type SignalProcessor } from "./signal-processor.js";
import { openStreamingProcessor } from "./streaming.js";

export {
  type ChainOptions,
  chainHash,
  DEFAULT_CHAIN,
  DSP_VERSION,
  decidingOptions,
  REFERENCE_CHAIN,
  SEIZURE_TRANSFORMER_CHAIN,
} from "./chain-options.js";

/** The recording a chain is created for: one sample rate, and what each input is, in the order of the blocks: "C3", "FP1-F7", a label. */
export interface ChainInput {
  readonly sampleRateHz: number;
  readonly electrodes: readonly string[];
  /** Implementation of the inner loops; both give the same bits. @default WebAssembly where available (see `kernelsInUse`) */
  readonly kernels?: Kernels["name"] | undefined;
  /** Sees every input sample once, in order. @default none */
  readonly tap?: InputTap | undefined;
}

/** The processing of one recording: electrodes, montage, resampling and filters; created anew for each recording. */
export interface Chain {
  /** Names of the output channels, e.g. "FP1" or "FP1-F7". */
  readonly channelNames: string[];
  /** Per output channel: true where an electrode of it was interpolated. */
  readonly filled: boolean[];
  /**
   * Process the next samples, one array of microvolts per input, all of one length (any, 0 included), and return
   * what is complete: one new array per output channel at `targetRateHz`, in microvolts, before normalisation. The output
   * does not depend, bit for bit, on how the recording is cut into blocks. The blocks are read before `push` returns and not
   * kept, bar up to `offsetSeconds` at the start.
   */
  push(block: readonly Float32Array[]): Float32Array[];
  /**
   * End the recording and return the rest: in total ceil(samples * targetRateHz / sampleRateHz) per channel (with
   * `resample: "fourier"` the quotient rounded, halves to even). Throws UnsupportedError when zero-phase filters meet a
   * recording of a few samples.
   */
  flush(): Float32Array[];
  /**
   * `push` of samples in another form, without a copy of the output: `onSamples` is called with consecutive samples of each
   * channel, in order. The block is read before `pushTo` returns and not kept.
   */
  pushTo(block: SampleBlock, onSamples: OnSamples): void;
  /** `flush` that gives the rest to `onSamples`. */
  flushTo(onSamples: OnSamples): void;
  /**
   * Mean and population standard deviation of all samples returned so far, bit for bit as `createMoments` collects them. With
   * `statistics: "recorded"` the mean is 0 and the deviation that of the channel before resampling and filters.
   */
  moments(): Moments;
}

/** Band-pass and notch of a chain; throws ConfigError when an edge is not below half of `targetRateHz`. */
export function chainSections(options: ChainOptions): { bandPass: Sections; notch?: Sections; all: Sections } {
  const { filterOrder, lowCutHz, highCutHz, targetRateHz, notchHz, secondNotchHz, notchQ } = options;
  const bandPass = butterworth(filterOrder, { lowCutHz, highCutHz }, targetRateHz);
  const frequencies = [secondNotchHz, notchHz].filter((frequencyHz) => frequencyHz !== null);
  const notches = frequencies.map((frequencyHz) => notch(frequencyHz, notchQ, targetRateHz));
  if (notches.length === 0) return { bandPass, all: bandPass };
  return { bandPass, notch: cascade(...notches), all: cascade(bandPass, ...notches) };
}

function refuseInputs(found: number, { length }: readonly string[]): never {
  throw new RangeError(`invalid block: ${found} signals (expected ${length}, one per electrode)`);
}

function checkedBlock(block: readonly Float32Array[], electrodes: readonly string[]): readonly Float32Array[] {
  if (block.length !== electrodes.length) refuseInputs(block.length, electrodes);
  const expected = block[0]?.length;
  for (const [input, { length }] of block.entries())
    if (length !== expected)
      throw new RangeError(
        `invalid block: ${electrodes[input]} has ${length} samples (expected ${expected} as ${electrodes[0]})`,
      );
  return block;
}

function openProcessor(options: ChainOptions, input: ChainInput, projection: MontageProjection): SignalProcessor {
  const { electrodes, sampleRateHz, tap, kernels } = input;
  const { phase, resample, targetRateHz, statistics } = options;
  const { bandPass, notch: mains, all } = chainSections(options);
  const offsetSamples = Math.round(options.offsetSeconds * sampleRateHz);
  const inputCount = electrodes.length;
  const settings = { projection, offsetSamples, sampleRateHz, targetRateHz, inputCount, tap };
  return phase === "causal" && resample === "polyphase" && statistics === "filtered"
    ? openStreamingProcessor({ ...settings, sections: all }, kernels)
    : createOfflineProcessor({ ...settings, bandPass, notch: mains, phase, resample, statistics }, kernels);
}

/** Runs a processor over one recording and checks how it is used. */
class RecordingChain implements Chain {
  readonly channelNames: string[];
  readonly filled: boolean[];
  readonly #electrodes: readonly string[];
  readonly #processor: SignalProcessor;
  #isOpen = true;
  /** Samples given per channel. */
  #sampleCount = 0;

  constructor(options: ChainOptions, input: ChainInput, projection: MontageProjection) {
    this.channelNames = [...projection.channelNames];
    this.filled = [...projection.filled];
    this.#electrodes = input.electrodes;
    this.#processor = openProcessor(options, input, projection);
  }

  push(block: readonly Float32Array[]): Float32Array[] {
    this.#requireOpen();
    const samples = floatBlock(checkedBlock(block, this.#electrodes));
    const count = this.#processor.ready(samples.sampleCount);
    const before = this.#sampleCount;
    const out = this.channelNames.map(() => new Float32Array(count));
    this.#processor.process(samples, (channel, values, at) => out[channel]?.set(values, at - before));
    this.#sampleCount += count;
    return out;
  }

  flush(): Float32Array[] {
    const parts = this.channelNames.map((): Float32Array[] => []);
    this.flushTo((channel, samples) => parts[channel]?.push(samples.slice()));
    return parts.map(concat);
  }

  pushTo(block: SampleBlock, onSamples: OnSamples): void {
    this.#requireOpen();
    if (block.inputCount !== this.#electrodes.length) refuseInputs(block.inputCount, this.#electrodes);
    this.#sampleCount += this.#processor.ready(block.sampleCount);
    this.#processor.process(block, onSamples);
  }

  flushTo(onSamples: OnSamples): void {
    this.#requireOpen();
    this.#isOpen = false;
    this.#processor.flush(onSamples);
  }

  moments(): Moments {
    return this.#processor.moments();
  }

  #requireOpen(): void {
    if (!this.#isOpen) throw new RangeError("the chain has been flushed: create one chain per recording");
  }
}

/**
 * Create the chain of one recording: electrodes, missing ones interpolated → reference → offset → resampling → band-pass →
 * notch. With `phase: "causal"`, `resample: "polyphase"` and `statistics: "filtered"` memory does not grow with the recording and filters start at
 * rest (state zero) on a signal whose offset is subtracted; otherwise `push` stores the recording (4 bytes per sample) and
 * returns empty arrays, and `flush` returns it all.
 * Throws UnsupportedError on unknown, repeated or too many missing electrodes or a rate with no usable ratio, ConfigError
 * on wrong options, RangeError on blocks of unequal shape and on use after `flush`.
 */
export function createChain(options: ChainOptions, input: ChainInput): Chain {
  checkChainOptions(options);
  const { electrodes } = input;
  if (electrodes.length === 0)
    throw new UnsupportedError("no electrodes: expected 15 to 19 scalp electrodes; exclude the recording");
  return new RecordingChain(
    options,
    input,
    createProjection(montageOf(options.reference, options.channels), electrodes, options.missing),
  );
}
