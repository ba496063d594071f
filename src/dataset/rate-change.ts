import { designPolyphase, LANES, polyphaseInto } from "../signal/polyphase.js";
import { advanceCursor, createCursor, outputsOwed, outputsReady, rateRatio } from "../signal/resampler.js";

/** Changes the rate of a stream by blocks. */
export interface RateChange {
  /** Takes the next samples, one array per channel, and returns what is complete; the block is not kept. */
  push(block: readonly Float32Array[]): Float32Array[];
  /** The rest; nothing may follow. */
  flush(): Float32Array[];
}

/** The rate stays: copies. */
const unchanged = (channelCount: number): RateChange => ({
  push: (block) => block.map((row) => row.slice()),
  flush: () => Array.from({ length: channelCount }, () => new Float32Array(0)),
});

/** The values of `resamplePolyphase` over the whole stream, with bounded memory: the samples that later outputs need. */
export function createRateChange(channelCount: number, upRate: number, downRate: number): RateChange {
  const { up, down } = rateRatio(downRate, upRate);
  if (up === down) return unchanged(channelCount);
  const bank = designPolyphase(up, down);
  const cursor = createCursor(bank);
  const groups = Array.from({ length: Math.ceil(channelCount / LANES) }, () => new Float64Array(LANES * cursor.held));

  const run = (count: number, outputs: number, sampleOf: (channel: number, i: number) => number): Float32Array[] => {
    const { held, phase } = cursor;
    const consumed = advanceCursor(cursor, count, outputs);
    const out = Array.from({ length: channelCount }, () => new Float32Array(outputs));
    for (const [g, before] of groups.entries()) {
      const x = new Float64Array(LANES * (held + count)); // [sample, LANES]
      x.set(before);
      const lanes = Math.min(LANES, channelCount - LANES * g);
      for (let lane = 0; lane < lanes; lane++)
        for (let i = 0; i < count; i++) x[LANES * (held + i) + lane] = sampleOf(LANES * g + lane, i);
      const y = new Float64Array(LANES * outputs);
      polyphaseInto(y, outputs, x, phase, bank);
      for (let lane = 0; lane < lanes; lane++)
        for (let i = 0; i < outputs; i++) out[LANES * g + lane]![i] = y[LANES * i + lane]!;
      groups[g] = x.slice(LANES * consumed);
    }
    return out;
  };

  return {
    push(block) {
      const count = block[0]!.length;
      return run(count, outputsReady(cursor, count), (channel, i) => block[channel]![i]!);
    },
    flush() {
      const owed = outputsOwed(cursor);
      return run(Math.ceil((owed * down) / up) + bank.taps, owed, () => 0);
    },
  };
}
