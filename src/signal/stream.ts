import { createFilterState, sosfiltInto } from "./biquads.js";
import type { Sections } from "./butterworth.js";
import { type Mix, mixInto } from "./mixing.js";
import { designPolyphase, polyphaseInto } from "./polyphase.js";
import { advanceCursor, createCursor, outputsOwed, outputsReady, rateRatio } from "./resampler.js";

/** What both forms of a chain need: how channels are mixed, and the rates. */
export interface FlowPlan {
  readonly mix: Mix;
  /** How many samples at the start give the offset that is taken off. */
  readonly offsetSamples: number;
  readonly sampleRateHz: number;
  readonly targetRateHz: number;
}

/** The moving part of a chain: blocks of inputs to blocks of channels. */
export interface Flow {
  push(block: readonly Float32Array[]): Float32Array[];
  flush(): Float32Array[];
}

/** Input samples handled at once: short enough that one channel's work stays in the processor's cache. */
const SLICE_SAMPLES = 4096;

/** Mean of each mixed channel over the first `count` samples of `block`, added in their order. */
function offsetsOf(mix: Mix, block: readonly Float32Array[], count: number): Float64Array {
  const mixed = new Float64Array(count);
  const common = new Float64Array(count);
  if (mix.common) mixInto(common, 0, block, 0, count, mix.common);
  return Float64Array.from(mix.rows, (row) => {
    mixInto(mixed, 0, block, 0, count, row);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += mixed[i]! - common[i]!;
    return count > 0 ? sum / count : 0;
  });
}

/** Samples kept until there are enough for the offset; gives the block to work on, joined with what was kept. */
function createHead(wanted: number) {
  let kept: Float32Array[][] = [];
  let count = 0;
  const join = () => (kept[0] ?? []).map((_, e) => concat(kept.map((block) => block[e]!)));
  return {
    take(block: readonly Float32Array[]): readonly Float32Array[] | undefined {
      count += block[0]!.length;
      kept.push(block.map((signal) => signal.slice()));
      return count >= wanted ? this.release() : undefined;
    },
    release(): readonly Float32Array[] {
      const joined = join();
      kept = [];
      return joined;
    },
  };
}

/** One array of all parts in their order. */
export function concat(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The causal chain by blocks: state per channel is the resampler's held samples and two values per filter section. */
export function createStream(plan: FlowPlan & { readonly sections: Sections }): Flow {
  const { mix, offsetSamples, sections } = plan;
  const { up, down } = rateRatio(plan.sampleRateHz, plan.targetRateHz);
  const cursor = up === down ? undefined : createCursor(designPolyphase(up, down));
  const channels = mix.rows.map((row) => ({
    row,
    held: new Float64Array(cursor ? cursor.bank.taps : 0),
    state: createFilterState(sections),
  }));
  const taps = cursor ? cursor.bank.taps : 0;
  const x = new Float64Array(taps + Math.max(SLICE_SAMPLES, taps));
  const y = cursor ? new Float64Array(Math.ceil((x.length * up) / down) + 1) : x;
  const common = new Float64Array(SLICE_SAMPLES);
  let offsets: Float64Array | undefined;
  const head = createHead(offsetSamples);

  /** Fill x from `held` with one channel's samples `start` to `end`, offset off. */
  const load = (block: readonly Float32Array[], start: number, end: number, c: number, held: number) => {
    mixInto(x, held, block, start, end, mix.rows[c]!);
    const offset = offsets![c]!;
    const last = held + end - start;
    if (mix.common) for (let i = held; i < last; i++) x[i]! -= common[i - held]! + offset;
    else if (offset !== 0) for (let i = held; i < last; i++) x[i]! -= offset;
  };

  const slice = (
    block: readonly Float32Array[],
    start: number,
    end: number,
    out: Float32Array[],
    at: number,
  ): number => {
    const count = end - start;
    if (mix.common) mixInto(common, 0, block, start, end, mix.common);
    const outputs = cursor ? outputsReady(cursor, count) : count;
    const held = cursor ? cursor.held : 0;
    const phase = cursor ? cursor.phase : 0;
    const consumed = cursor ? advanceCursor(cursor, count, outputs) : count;
    for (let c = 0; c < channels.length; c++) {
      const channel = channels[c]!;
      for (let i = 0; i < held; i++) x[i] = channel.held[i]!;
      load(block, start, end, c, held);
      if (cursor) polyphaseInto(y, 0, outputs, x, 0, phase, cursor.bank);
      for (let i = consumed; i < held + count; i++) channel.held[i - consumed] = x[i]!;
      sosfiltInto(y, 0, outputs, sections, channel.state);
      const target = out[c]!;
      for (let i = 0; i < outputs; i++) target[at + i] = y[i]!;
    }
    return at + outputs;
  };

  const run = (block: readonly Float32Array[]): Float32Array[] => {
    const count = block[0]!.length;
    const outputs = cursor ? outputsReady(cursor, count) : count;
    const out = mix.rows.map(() => new Float32Array(outputs));
    let at = 0;
    for (let start = 0; start < count; start += SLICE_SAMPLES) {
      at = slice(block, start, Math.min(count, start + SLICE_SAMPLES), out, at);
    }
    return out;
  };

  const begin = (block: readonly Float32Array[]): Float32Array[] => {
    offsets = offsetsOf(mix, block, Math.min(offsetSamples, block[0]!.length));
    return run(block);
  };

  /** The outputs that zeros after the last sample complete. */
  const drain = (): Float32Array[] => {
    const owed = cursor ? outputsOwed(cursor) : 0;
    return channels.map((channel) => {
      if (!cursor || owed === 0) return new Float32Array(0);
      x.fill(0);
      for (let i = 0; i < cursor.held; i++) x[i] = channel.held[i]!;
      polyphaseInto(y, 0, owed, x, 0, cursor.phase, cursor.bank);
      sosfiltInto(y, 0, owed, sections, channel.state);
      return Float32Array.from(y.subarray(0, owed));
    });
  };

  return {
    push(block) {
      if (offsets) return run(block);
      const first = head.take(block);
      return first ? begin(first) : mix.rows.map(() => new Float32Array(0));
    },
    flush() {
      const rest = head.release();
      const early = offsets || rest.length === 0 ? undefined : begin(rest);
      const late = drain();
      return early ? early.map((part, c) => concat([part, late[c]!])) : late;
    },
  };
}
