// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { sosfiltInto } from "./biquads.js";
import type { ChannelGroup, Kernels } from "./kernels.js";
import { GROUP_CHANNELS, polyphaseInto } from "./polyphase.js";
import { type ProjectionRow, projectInto } from "./rereferencing.js";
import { extremesInto, plainDecoder } from "./sample-block.js";

function projectGroupInto(...[out, inputs, count, group, common]: Parameters<Kernels["projectGroupInto"]>): void {
  for (const [lane, row] of group.rows.entries()) {
    projectInto(out, lane, GROUP_CHANNELS, inputs, 0, count, row, group.offsets[lane]);
    if (common) for (let i = 0, o = lane; i < count; i++, o += GROUP_CHANNELS) out[o]! -= common[i]!;
  }
}

function filterGroupInto(x: Float64Array, count: number, sections: Float64Array, state: Float64Array): void {
  const length = state.length / GROUP_CHANNELS;
  for (let lane = 0; lane < GROUP_CHANNELS; lane++) {
    sosfiltInto(x, lane, count, sections, state.subarray(lane * length, (lane + 1) * length), GROUP_CHANNELS);
  }
}

function roundGroupInto(out: Float32Array, rowLength: number, x: Float64Array, count: number): void {
  for (let lane = 0; lane < GROUP_CHANNELS; lane++) {
    const at = lane * rowLength;
    for (let i = 0, a = lane; i < count; i++, a += GROUP_CHANNELS) out[at + i] = x[a]!;
  }
}

function sumGroupInto(sums: Float64Array, x: Float64Array, start: number, end: number, isFirst: boolean): void {
  for (let lane = 0; lane < GROUP_CHANNELS; lane++) {
    const origin = isFirst && end > start ? Math.fround(x[GROUP_CHANNELS * start + lane]!) : sums[lane]!;
    let sum = isFirst ? 0 : sums[GROUP_CHANNELS + lane]!;
    let squares = isFirst ? 0 : sums[2 * GROUP_CHANNELS + lane]!;
    for (let i = start, a = GROUP_CHANNELS * start + lane; i < end; i++, a += GROUP_CHANNELS) {
      const distance = Math.fround(x[a]!) - origin;
      sum += distance;
      squares += distance * distance;
    }
    sums[lane] = origin;
    sums[GROUP_CHANNELS + lane] = sum;
    sums[2 * GROUP_CHANNELS + lane] = squares;
  }
}

function firstRow([row]: ChannelGroup["rows"]): ProjectionRow {
  if (!row) throw new RangeError("invalid group: no channel");
  return row;
}

/** The reference implementation in plain TypeScript: what WebAssembly is tested against, and what runs where it is absent. */
export function typescriptKernels(): Kernels {
  return {
    name: "typescript",
    float64: (length) => new Float64Array(length),
    float32: (length) => new Float32Array(length),
    int32: (length) => new Int32Array(length),
    ...plainDecoder,
    extremesInto,
    projectGroupInto,
    projectRowInto: (out, inputs, count, { rows }) => projectInto(out, 0, 1, inputs, 0, count, firstRow(rows)),
    polyphaseInto,
    filterGroupInto,
    roundGroupInto,
    sumGroupInto,
    release() {},
  };
}
