import { createFilterState, sosfiltInto } from "./biquads.js";
import type { Sections } from "./butterworth.js";
import { commonInto, createStore, type Flow, type FlowPlan, joinBlocks, offsetsOf } from "./flow.js";
import { type MixRow, mixInto } from "./mixing.js";
import { designPolyphase, LANES, polyphaseInto } from "./polyphase.js";
import {
  advanceCursor,
  createCursor,
  outputsOwed,
  outputsReady,
  type ResamplerCursor,
  rateRatio,
} from "./resampler.js";

/** Input samples handled at once: four channels of them, before and after resampling, fit the processor's first cache. */
const SLICE_SAMPLES = 512;

/** Up to four channels that go through the kernels together, with all that they carry from block to block. */
interface Group {
  readonly firstChannel: number;
  readonly rows: readonly MixRow[];
  /** Samples that wait in the resampler, shape [sample, LANES]. */
  readonly held: Float64Array;
  readonly states: readonly Float64Array[];
}

/** Work space shared by all groups, shapes [sample, LANES] and, for `common`, [sample]. */
interface Scratch {
  readonly before: Float64Array;
  /** The same array as `before` where the rate stays. */
  readonly after: Float64Array;
  readonly common: Float64Array;
}

function createGroups(rows: readonly MixRow[], sections: Sections, taps: number): Group[] {
  return Array.from({ length: Math.ceil(rows.length / LANES) }, (_, g) => {
    const own = rows.slice(LANES * g, LANES * (g + 1));
    return {
      firstChannel: LANES * g,
      rows: own,
      held: new Float64Array(LANES * taps),
      states: own.map(() => createFilterState(sections)),
    };
  });
}

function createScratch(cursor: ResamplerCursor | undefined): Scratch {
  const common = new Float64Array(SLICE_SAMPLES);
  if (!cursor) {
    const both = new Float64Array(LANES * SLICE_SAMPLES);
    return { before: both, after: both, common };
  }
  const { taps, up, down } = cursor.bank;
  const samples = 2 * taps + SLICE_SAMPLES;
  return {
    before: new Float64Array(LANES * samples),
    after: new Float64Array(LANES * (Math.ceil((samples * up) / down) + 1)),
    common,
  };
}

/** What one slice of the input does to the resampler, the same for all groups. */
interface Step {
  readonly held: number;
  readonly phase: number;
  readonly outputs: number;
  /** Samples that no later output needs. */
  readonly consumed: number;
}

function takeStep(cursor: ResamplerCursor | undefined, count: number): Step {
  if (!cursor) return { held: 0, phase: 0, outputs: count, consumed: count };
  const { held, phase } = cursor;
  const outputs = outputsReady(cursor, count);
  return { held, phase, outputs, consumed: advanceCursor(cursor, count, outputs) };
}

function copyInto(out: Float64Array, x: Float64Array, start: number, end: number): void {
  for (let i = start; i < end; i++) out[i - start] = x[i]!;
}

/** Round `count` samples of one lane of `x`, shape [sample, LANES], to float32 in `out` from `at`. */
function roundLaneInto(out: Float32Array, at: number, x: Float64Array, lane: number, count: number): void {
  for (let i = 0, a = lane; i < count; i++, a += LANES) out[at + i] = x[a]!;
}

/**
 * The causal chain by blocks. State per channel: the resampler's held samples and two values per filter section; beside
 * it, the first `offsetSamples` samples until they are complete.
 */
export function createStream(plan: FlowPlan & { readonly sections: Sections }): Flow {
  const { mix, sections } = plan;
  const { up, down } = rateRatio(plan.sampleRateHz, plan.targetRateHz);
  const cursor = up === down ? undefined : createCursor(designPolyphase(up, down));
  const groups = createGroups(mix.rows, sections, cursor?.bank.taps ?? 0);
  const { before, after, common } = createScratch(cursor);
  const head = createStore();
  let offsets: Float64Array | undefined;

  /** One lane of `before` from sample `held` on: the channel's samples `start` to `end`, reference and offset off. */
  const load = (
    block: readonly Float32Array[],
    start: number,
    end: number,
    row: MixRow,
    offset: number,
    at: number,
  ) => {
    mixInto(before, at, LANES, block, start, end, row, offset);
    if (!mix.common) return;
    for (let i = 0, o = at; i < end - start; i++, o += LANES) before[o]! -= common[i]!;
  };

  /** Filter `count` samples of the group in `after` and round them to float32 in `out` from `at`. */
  const finish = (group: Group, count: number, out: readonly Float32Array[], at: number) => {
    for (let lane = 0; lane < group.rows.length; lane++) {
      sosfiltInto(after, lane, count, sections, group.states[lane]!, LANES);
      roundLaneInto(out[group.firstChannel + lane]!, at, after, lane, count);
    }
  };

  const runSlice = (block: readonly Float32Array[], start: number, end: number, out: Float32Array[], at: number) => {
    const { held, phase, outputs, consumed } = takeStep(cursor, end - start);
    commonInto(common, mix, block, start, end);
    for (const group of groups) {
      copyInto(before, group.held, 0, LANES * held);
      for (let lane = 0; lane < group.rows.length; lane++) {
        const offset = offsets![group.firstChannel + lane]!;
        load(block, start, end, group.rows[lane]!, offset, LANES * held + lane);
      }
      if (cursor) polyphaseInto(after, outputs, before, phase, cursor.bank);
      if (cursor) copyInto(group.held, before, LANES * consumed, LANES * (held + end - start));
      finish(group, outputs, out, at);
    }
    return outputs;
  };

  const run = (block: readonly Float32Array[]): Float32Array[] => {
    const count = block[0]!.length;
    const outputs = cursor ? outputsReady(cursor, count) : count;
    const out = mix.rows.map(() => new Float32Array(outputs));
    let at = 0;
    for (let start = 0; start < count; start += SLICE_SAMPLES) {
      at += runSlice(block, start, Math.min(count, start + SLICE_SAMPLES), out, at);
    }
    return out;
  };

  const begin = (): Float32Array[] => {
    const block = head.take();
    offsets = offsetsOf(plan, block);
    return run(block);
  };

  /** The outputs that zeros after the last sample complete. */
  const drain = (): Float32Array[] => {
    const owed = cursor ? outputsOwed(cursor) : 0;
    const out = mix.rows.map(() => new Float32Array(owed));
    if (!cursor || owed === 0) return out;
    for (const group of groups) {
      before.fill(0);
      copyInto(before, group.held, 0, LANES * cursor.held);
      polyphaseInto(after, owed, before, cursor.phase, cursor.bank);
      finish(group, owed, out, 0);
    }
    return out;
  };

  return {
    push(block) {
      if (offsets) return run(block);
      head.add(block);
      return head.sampleCount > 0 && head.sampleCount >= plan.offsetSamples
        ? begin()
        : mix.rows.map(() => new Float32Array(0));
    },
    flush() {
      if (offsets || head.sampleCount === 0) return drain();
      const early = begin();
      return joinBlocks(early, drain());
    },
  };
}
