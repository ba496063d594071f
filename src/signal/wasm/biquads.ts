// AssemblyScript; reference implementation: sosfiltInto in ../biquads.ts, lane by lane.
const FLUSH_INTERVAL_SAMPLES: i32 = 1024;
const DENORMAL_LIMIT: f64 = 1e-250;

/**
 * Run a cascade over `count` samples of a group in place. `sections`: [section, 6] float64; `state`: [lane, 2 * sections
 * + 1] float64, each lane's delays and then its count of samples since the last check for denormals (the same in all lanes).
 */
export function filterGroup(x: usize, count: i32, sections: usize, sectionCount: i32, state: usize): void {
  const laneBytes = (<usize>(2 * sectionCount + 1)) << 3;
  const clock = state + laneBytes - 8;
  let left = count;
  while (left > 0) {
    const since = <i32>load<f64>(clock);
    const length = min(left, FLUSH_INTERVAL_SAMPLES - since);
    runSections(x, length, sections, sectionCount, state, laneBytes);
    const now = since + length;
    if (now === FLUSH_INTERVAL_SAMPLES) flushDenormals(state, 4 * laneBytes);
    for (let lane: usize = 0; lane < 4; lane++)
      store<f64>(clock + lane * laneBytes, now === FLUSH_INTERVAL_SAMPLES ? 0 : <f64>now);
    x += (<usize>length) << 5;
    left -= length;
  }
}

function flushDenormals(state: usize, bytes: usize): void {
  for (let at = state; at < state + bytes; at += 8) if (abs(load<f64>(at)) < DENORMAL_LIMIT) store<f64>(at, 0);
}

function runSections(x: usize, count: i32, sections: usize, sectionCount: i32, state: usize, laneBytes: usize): void {
  let s = 0;
  for (; s + 4 <= sectionCount; s += 4) {
    const own = state + ((<usize>s) << 4);
    filterFour(x, count, sections + <usize>s * 48, own, laneBytes);
    filterFour(x + 16, count, sections + <usize>s * 48, own + 2 * laneBytes, laneBytes);
  }
  for (; s < sectionCount; s++) filterOne(x, count, sections + <usize>s * 48, state + ((<usize>s) << 4), laneBytes);
}

/** The delay at `at` of two neighbouring lanes. */
function loadPair(at: usize, laneBytes: usize): v128 {
  return v128.load64_lane(at + laneBytes, v128.load64_zero(at), 1);
}

function storePair(at: usize, laneBytes: usize, value: v128): void {
  v128.store64_lane(at, value, 0);
  v128.store64_lane(at + laneBytes, value, 1);
}

/** One section over all four lanes: two vectors, so that their feedback chains overlap in the processor. */
function filterOne(x: usize, count: i32, c: usize, state: usize, laneBytes: usize): void {
  const b0 = v128.load64_splat(c);
  const b1 = v128.load64_splat(c, 8);
  const b2 = v128.load64_splat(c, 16);
  const a1 = v128.load64_splat(c, 32);
  const a2 = v128.load64_splat(c, 40);
  const upper = state + 2 * laneBytes;
  let u = loadPair(state, laneBytes);
  let v = loadPair(state + 8, laneBytes);
  let w = loadPair(upper, laneBytes);
  let z = loadPair(upper + 8, laneBytes);
  const end = x + ((<usize>count) << 5);
  for (let at = x; at < end; at += 32) {
    const input = v128.load(at);
    const other = v128.load(at, 16);
    const output = f64x2.add(f64x2.mul(b0, input), u);
    const answer = f64x2.add(f64x2.mul(b0, other), w);
    u = f64x2.add(f64x2.sub(f64x2.mul(b1, input), f64x2.mul(a1, output)), v);
    w = f64x2.add(f64x2.sub(f64x2.mul(b1, other), f64x2.mul(a1, answer)), z);
    v = f64x2.sub(f64x2.mul(b2, input), f64x2.mul(a2, output));
    z = f64x2.sub(f64x2.mul(b2, other), f64x2.mul(a2, answer));
    v128.store(at, output);
    v128.store(at, answer, 16);
  }
  storePair(state, laneBytes, u);
  storePair(state + 8, laneBytes, v);
  storePair(upper, laneBytes, w);
  storePair(upper + 8, laneBytes, z);
}

/** Four sections over two lanes in one pass, so that the sections' feedback chains overlap in the processor. */
function filterFour(x: usize, count: i32, c: usize, state: usize, laneBytes: usize): void {
  const b00 = v128.load64_splat(c);
  const b01 = v128.load64_splat(c, 8);
  const b02 = v128.load64_splat(c, 16);
  const a01 = v128.load64_splat(c, 32);
  const a02 = v128.load64_splat(c, 40);
  const b10 = v128.load64_splat(c, 48);
  const b11 = v128.load64_splat(c, 56);
  const b12 = v128.load64_splat(c, 64);
  const a11 = v128.load64_splat(c, 80);
  const a12 = v128.load64_splat(c, 88);
  const b20 = v128.load64_splat(c, 96);
  const b21 = v128.load64_splat(c, 104);
  const b22 = v128.load64_splat(c, 112);
  const a21 = v128.load64_splat(c, 128);
  const a22 = v128.load64_splat(c, 136);
  const b30 = v128.load64_splat(c, 144);
  const b31 = v128.load64_splat(c, 152);
  const b32 = v128.load64_splat(c, 160);
  const a31 = v128.load64_splat(c, 176);
  const a32 = v128.load64_splat(c, 184);
  let u0 = loadPair(state, laneBytes);
  let v0 = loadPair(state + 8, laneBytes);
  let u1 = loadPair(state + 16, laneBytes);
  let v1 = loadPair(state + 24, laneBytes);
  let u2 = loadPair(state + 32, laneBytes);
  let v2 = loadPair(state + 40, laneBytes);
  let u3 = loadPair(state + 48, laneBytes);
  let v3 = loadPair(state + 56, laneBytes);
  const end = x + ((<usize>count) << 5);
  for (let at = x; at < end; at += 32) {
    const input = v128.load(at);
    const first = f64x2.add(f64x2.mul(b00, input), u0);
    u0 = f64x2.add(f64x2.sub(f64x2.mul(b01, input), f64x2.mul(a01, first)), v0);
    v0 = f64x2.sub(f64x2.mul(b02, input), f64x2.mul(a02, first));
    const second = f64x2.add(f64x2.mul(b10, first), u1);
    u1 = f64x2.add(f64x2.sub(f64x2.mul(b11, first), f64x2.mul(a11, second)), v1);
    v1 = f64x2.sub(f64x2.mul(b12, first), f64x2.mul(a12, second));
    const third = f64x2.add(f64x2.mul(b20, second), u2);
    u2 = f64x2.add(f64x2.sub(f64x2.mul(b21, second), f64x2.mul(a21, third)), v2);
    v2 = f64x2.sub(f64x2.mul(b22, second), f64x2.mul(a22, third));
    const fourth = f64x2.add(f64x2.mul(b30, third), u3);
    u3 = f64x2.add(f64x2.sub(f64x2.mul(b31, third), f64x2.mul(a31, fourth)), v3);
    v3 = f64x2.sub(f64x2.mul(b32, third), f64x2.mul(a32, fourth));
    v128.store(at, fourth);
  }
  storePair(state, laneBytes, u0);
  storePair(state + 8, laneBytes, v0);
  storePair(state + 16, laneBytes, u1);
  storePair(state + 24, laneBytes, v1);
  storePair(state + 32, laneBytes, u2);
  storePair(state + 40, laneBytes, v2);
  storePair(state + 48, laneBytes, u3);
  storePair(state + 56, laneBytes, v3);
}
