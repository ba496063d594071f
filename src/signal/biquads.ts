import type { Sections } from "./butterworth.js";

/** Zeroed delay line of a cascade: two values per section. */
export function createFilterState(sections: Sections): Float64Array {
  return new Float64Array(sections.length / 3);
}

/**
 * Run a cascade of second-order sections over `x[start, start + count)` in place, carrying `state` (two values per
 * section, transposed direct form II, float64) to the next call: the arithmetic of `scipy.signal.sosfilt`.
 * Filtering piecewise gives the same bits as filtering at once.
 */
export function sosfiltInto(
  x: Float64Array,
  start: number,
  count: number,
  sections: Sections,
  state: Float64Array,
): void {
  const sectionCount = sections.length / 6;
  let s = 0;
  for (; s + 4 <= sectionCount; s += 4) filterFour(x, start, start + count, sections, 6 * s, state, 2 * s);
  for (; s < sectionCount; s++) filterOne(x, start, start + count, sections, 6 * s, state, 2 * s);
}

function filterOne(
  x: Float64Array,
  start: number,
  end: number,
  c: Sections,
  at: number,
  state: Float64Array,
  z: number,
): void {
  const b0 = c[at]!;
  const b1 = c[at + 1]!;
  const b2 = c[at + 2]!;
  const a1 = c[at + 4]!;
  const a2 = c[at + 5]!;
  let u = state[z]!;
  let v = state[z + 1]!;
  for (let i = start; i < end; i++) {
    const input = x[i]!;
    const output = b0 * input + u;
    u = b1 * input - a1 * output + v;
    v = b2 * input - a2 * output;
    x[i] = output;
  }
  state[z] = u;
  state[z + 1] = v;
}

/** Four sections fused in one pass, so that their feedback chains overlap in the processor. */
function filterFour(
  x: Float64Array,
  start: number,
  end: number,
  c: Sections,
  at: number,
  state: Float64Array,
  z: number,
): void {
  const b00 = c[at]!;
  const b01 = c[at + 1]!;
  const b02 = c[at + 2]!;
  const a01 = c[at + 4]!;
  const a02 = c[at + 5]!;
  const b10 = c[at + 6]!;
  const b11 = c[at + 7]!;
  const b12 = c[at + 8]!;
  const a11 = c[at + 10]!;
  const a12 = c[at + 11]!;
  const b20 = c[at + 12]!;
  const b21 = c[at + 13]!;
  const b22 = c[at + 14]!;
  const a21 = c[at + 16]!;
  const a22 = c[at + 17]!;
  const b30 = c[at + 18]!;
  const b31 = c[at + 19]!;
  const b32 = c[at + 20]!;
  const a31 = c[at + 22]!;
  const a32 = c[at + 23]!;
  let u0 = state[z]!;
  let v0 = state[z + 1]!;
  let u1 = state[z + 2]!;
  let v1 = state[z + 3]!;
  let u2 = state[z + 4]!;
  let v2 = state[z + 5]!;
  let u3 = state[z + 6]!;
  let v3 = state[z + 7]!;
  for (let i = start; i < end; i++) {
    const input = x[i]!;
    const first = b00 * input + u0;
    u0 = b01 * input - a01 * first + v0;
    v0 = b02 * input - a02 * first;
    const second = b10 * first + u1;
    u1 = b11 * first - a11 * second + v1;
    v1 = b12 * first - a12 * second;
    const third = b20 * second + u2;
    u2 = b21 * second - a21 * third + v2;
    v2 = b22 * second - a22 * third;
    const fourth = b30 * third + u3;
    u3 = b31 * third - a31 * fourth + v3;
    v3 = b32 * third - a32 * fourth;
    x[i] = fourth;
  }
  state[z] = u0;
  state[z + 1] = v0;
  state[z + 2] = u1;
  state[z + 3] = v1;
  state[z + 4] = u2;
  state[z + 5] = v2;
  state[z + 6] = u3;
  state[z + 7] = v3;
}

/**
 * The state in which a cascade already rests on a constant input of 1 (multiply by the first sample): the values of
 * `scipy.signal.sosfilt_zi`.
 */
export function steadyState(sections: Sections): Float64Array {
  const state = createFilterState(sections);
  let level = 1;
  for (let s = 0; s < sections.length / 6; s++) {
    const [b0, b1, b2, , a1, a2] = sections.subarray(6 * s, 6 * s + 6) as unknown as number[]; // six numbers
    const u = (b1! - a1! * b0! + b2! - a2! * b0!) / (1 + a1! + a2!);
    state[2 * s] = level * u;
    state[2 * s + 1] = level * ((1 + a1!) * u - (b1! - a1! * b0!));
    level *= (b0! + b1! + b2!) / (1 + a1! + a2!);
  }
  return state;
}
