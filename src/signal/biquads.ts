// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import type { Sections } from "./butterworth.js";

/** Samples between two checks of the delay lines for denormal values. */
const FLUSH_INTERVAL_SAMPLES = 1024;
/** Below this a delay value is taken as 0: a flat signal would otherwise leave it in the slow subnormal range for good. */
const DENORMAL_LIMIT = 1e-250;

/**
 * Zeroed delay line of a cascade: two values per section, then the number of samples since the last check for denormals,
 * so that the checks fall on the same samples however the signal is cut.
 */
export function createFilterState(sections: Sections): Float64Array {
  return new Float64Array(sections.length / 3 + 1);
}

/**
 * Run a cascade of second-order sections in place over `count` samples of `x` at `start`, `start + stride`, …, carrying
 * `state` to the next call: transposed direct form II in float64, the arithmetic of `scipy.signal.sosfilt`. Filtering
 * piecewise gives the same bits as filtering at once. Every 1024 samples delay values below 1e-250 become 0.
 */
export function sosfiltInto(
  x: Float64Array,
  start: number,
  count: number,
  sections: Sections,
  state: Float64Array,
  stride = 1,
): void {
  const clock = state.length - 1;
  let from = start;
  let left = count;
  while (left > 0) {
    const length = Math.min(left, FLUSH_INTERVAL_SAMPLES - state[clock]!);
    const end = from + length * stride;
    runSections(x, from, end, stride, sections, state);
    state[clock]! += length;
    if (state[clock] === FLUSH_INTERVAL_SAMPLES) flushDenormals(state);
    from = end;
    left -= length;
  }
}

function flushDenormals(state: Float64Array): void {
  for (let k = 0; k < state.length; k++) if (Math.abs(state[k]!) < DENORMAL_LIMIT) state[k] = 0;
  state[state.length - 1] = 0;
}

function runSections(
  x: Float64Array,
  start: number,
  end: number,
  stride: number,
  sections: Sections,
  state: Float64Array,
): void {
  const sectionCount = sections.length / 6;
  let s = 0;
  for (; s + 4 <= sectionCount; s += 4) filterFour(x, start, end, stride, sections, state, s);
  for (; s < sectionCount; s++) filterOne(x, start, end, stride, sections, state, s);
}

function filterOne(
  x: Float64Array,
  start: number,
  end: number,
  stride: number,
  sections: Sections,
  state: Float64Array,
  section: number,
): void {
  const at = 6 * section;
  const b0 = sections[at]!;
  const b1 = sections[at + 1]!;
  const b2 = sections[at + 2]!;
  const a1 = sections[at + 4]!;
  const a2 = sections[at + 5]!;
  let u = state[2 * section]!;
  let v = state[2 * section + 1]!;
  for (let i = start; i < end; i += stride) {
    const input = x[i]!;
    const output = b0 * input + u;
    u = b1 * input - a1 * output + v;
    v = b2 * input - a2 * output;
    x[i] = output;
  }
  state[2 * section] = u;
  state[2 * section + 1] = v;
}

/** Four sections from `section` on, fused in one pass, so that their feedback chains overlap in the processor. */
function filterFour(
  x: Float64Array,
  start: number,
  end: number,
  stride: number,
  sections: Sections,
  state: Float64Array,
  section: number,
): void {
  const c = sections.subarray(6 * section, 6 * section + 24);
  const z = state.subarray(2 * section, 2 * section + 8);
  const b00 = c[0]!;
  const b01 = c[1]!;
  const b02 = c[2]!;
  const a01 = c[4]!;
  const a02 = c[5]!;
  const b10 = c[6]!;
  const b11 = c[7]!;
  const b12 = c[8]!;
  const a11 = c[10]!;
  const a12 = c[11]!;
  const b20 = c[12]!;
  const b21 = c[13]!;
  const b22 = c[14]!;
  const a21 = c[16]!;
  const a22 = c[17]!;
  const b30 = c[18]!;
  const b31 = c[19]!;
  const b32 = c[20]!;
  const a31 = c[22]!;
  const a32 = c[23]!;
  let u0 = z[0]!;
  let v0 = z[1]!;
  let u1 = z[2]!;
  let v1 = z[3]!;
  let u2 = z[4]!;
  let v2 = z[5]!;
  let u3 = z[6]!;
  let v3 = z[7]!;
  for (let i = start; i < end; i += stride) {
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
  z[0] = u0;
  z[1] = v0;
  z[2] = u1;
  z[3] = v1;
  z[4] = u2;
  z[5] = v2;
  z[6] = u3;
  z[7] = v3;
}

/**
 * The state in which a cascade already rests on a constant input of `level`: the values of `scipy.signal.sosfilt_zi`
 * times `level`, with the clock of `createFilterState` at 0.
 */
export function steadyState(sections: Sections, level = 1): Float64Array {
  const state = createFilterState(sections);
  let input = level;
  for (let s = 0; s < sections.length / 6; s++) {
    const [b0, b1, b2, , a1, a2] = sections.subarray(6 * s, 6 * s + 6) as unknown as number[]; // six numbers
    const u = (b1! - a1! * b0! + b2! - a2! * b0!) / (1 + a1! + a2!);
    state[2 * s] = input * u;
    state[2 * s + 1] = input * ((1 + a1!) * u - (b1! - a1! * b0!));
    input *= (b0! + b1! + b2!) / (1 + a1! + a2!);
  }
  return state;
}
