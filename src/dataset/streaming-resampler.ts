// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { designPolyphase, GROUP_CHANNELS, type PolyphaseBank, polyphaseInto } from "../signal/polyphase.js";
import {
  advanceCursor,
  createCursor,
  outputsOwed,
  outputsReady,
  type ResamplerCursor,
  rateRatio,
} from "../signal/resampler.js";

/** Changes the sample rate of a stream block by block. */
export interface StreamingResampler {
  /** Takes the next samples, one array per channel, and returns what is complete; the block is not kept. */
  push(block: readonly Float32Array[]): Float32Array[];
  /** Gives the remaining samples; no call of `push` may follow. */
  flush(): Float32Array[];
}

/** The rate stays: copies. */
const unchanged = (channelCount: number): StreamingResampler => ({
  push: (block) => block.map((row) => row.slice()),
  flush: () => Array.from({ length: channelCount }, () => new Float32Array(0)),
});

/** The values of `resamplePolyphase` over the whole stream, with bounded memory: the samples that later outputs need. */
class PolyphaseResampler implements StreamingResampler {
  readonly #bank: PolyphaseBank;
  readonly #cursor: ResamplerCursor;
  readonly #channelCount: number;
  /** Samples that wait, shape [sample, GROUP_CHANNELS] for each group. */
  #waiting: readonly Float64Array[];

  constructor(channelCount: number, bank: PolyphaseBank) {
    this.#bank = bank;
    this.#cursor = createCursor(bank);
    this.#channelCount = channelCount;
    const groupCount = Math.ceil(channelCount / GROUP_CHANNELS);
    const { held } = this.#cursor;
    this.#waiting = Array.from({ length: groupCount }, () => new Float64Array(GROUP_CHANNELS * held));
  }

  push(block: readonly Float32Array[]): Float32Array[] {
    const count = block[0]?.length ?? 0;
    return this.#run(count, outputsReady(this.#cursor, count), block);
  }

  flush(): Float32Array[] {
    const { up, down, taps } = this.#bank;
    const owed = outputsOwed(this.#cursor);
    return this.#run(Math.ceil((owed * down) / up) + taps, owed, []);
  }

  /** `outputs` samples per channel after `count` more of `block`; a channel that it lacks goes on with zeros. */
  #run(count: number, outputs: number, block: readonly Float32Array[]): Float32Array[] {
    const { held, phase } = this.#cursor;
    const consumed = advanceCursor(this.#cursor, count, outputs);
    const out = Array.from({ length: this.#channelCount }, () => new Float32Array(outputs));
    const y = new Float64Array(GROUP_CHANNELS * outputs);
    this.#waiting = this.#waiting.map((before, group) => {
      const x = new Float64Array(GROUP_CHANNELS * (held + count)); // [sample, GROUP_CHANNELS]
      x.set(before);
      const first = GROUP_CHANNELS * group;
      for (const [lane, row] of block.slice(first, first + GROUP_CHANNELS).entries())
        for (let i = 0; i < count; i++) x[GROUP_CHANNELS * (held + i) + lane] = row[i]!;
      polyphaseInto(y, outputs, x, phase, this.#bank);
      for (const [lane, row] of out.slice(first, first + GROUP_CHANNELS).entries())
        for (let i = 0; i < outputs; i++) row[i] = y[GROUP_CHANNELS * i + lane]!;
      return x.slice(GROUP_CHANNELS * consumed);
    });
    return out;
  }
}

/** A resampler by `upRate / downRate` for a stream of `channelCount` channels. */
export function createStreamingResampler(channelCount: number, upRate: number, downRate: number): StreamingResampler {
  const { up, down } = rateRatio(downRate, upRate);
  return up === down ? unchanged(channelCount) : new PolyphaseResampler(channelCount, designPolyphase(up, down));
}
