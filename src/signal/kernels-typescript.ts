import { sosfiltInto } from "./biquads.js";
import type { Kernels } from "./kernels.js";
import { mixInto } from "./mixing.js";
import { LANES, polyphaseInto } from "./polyphase.js";
import { extremesInto, plainDecoder } from "./sample-block.js";

function mixLanesInto(...[out, inputs, count, group, common]: Parameters<Kernels["mixLanesInto"]>): void {
  for (const [lane, row] of group.rows.entries()) {
    mixInto(out, lane, LANES, inputs, 0, count, row, group.offsets[lane]!);
    if (common) for (let i = 0, o = lane; i < count; i++, o += LANES) out[o]! -= common[i]!;
  }
}

function filterLanesInto(x: Float64Array, count: number, sections: Float64Array, state: Float64Array): void {
  const length = state.length / LANES;
  for (let lane = 0; lane < LANES; lane++) {
    sosfiltInto(x, lane, count, sections, state.subarray(lane * length, (lane + 1) * length), LANES);
  }
}

function roundLanesInto(out: Float32Array, rowLength: number, x: Float64Array, count: number): void {
  for (let lane = 0; lane < LANES; lane++) {
    const at = lane * rowLength;
    for (let i = 0, a = lane; i < count; i++, a += LANES) out[at + i] = x[a]!;
  }
}

function sumLanesInto(sums: Float64Array, x: Float64Array, start: number, end: number, isFirst: boolean): void {
  for (let lane = 0; lane < LANES; lane++) {
    const origin = isFirst && end > start ? Math.fround(x[LANES * start + lane]!) : sums[lane]!;
    let sum = isFirst ? 0 : sums[LANES + lane]!;
    let squares = isFirst ? 0 : sums[2 * LANES + lane]!;
    for (let i = start, a = LANES * start + lane; i < end; i++, a += LANES) {
      const distance = Math.fround(x[a]!) - origin;
      sum += distance;
      squares += distance * distance;
    }
    sums[lane] = origin;
    sums[LANES + lane] = sum;
    sums[2 * LANES + lane] = squares;
  }
}

/** The twins in plain TypeScript: what WebAssembly is checked against, and what runs where it is absent. */
export function typescriptKernels(): Kernels {
  return {
    name: "typescript",
    float64: (length) => new Float64Array(length),
    float32: (length) => new Float32Array(length),
    int32: (length) => new Int32Array(length),
    ...plainDecoder,
    extremesInto,
    mixLanesInto,
    mixRowInto: (out, inputs, count, { rows }) => mixInto(out, 0, 1, inputs, 0, count, rows[0]!),
    polyphaseInto,
    filterLanesInto,
    roundLanesInto,
    sumLanesInto,
    release() {},
  };
}
