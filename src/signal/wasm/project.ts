// AssemblyScript; reference implementation: projectInto in ../rereferencing.ts.
/**
 * MontageProjection a group at `out` from float32 inputs of `inputBytes` bytes each, one after another at `inputs`: per lane a sum of
 * weight * input in the order of its terms, the first less the lane's offset; then less `common` (float64 [count], 0 for
 * none). `terms`: i32 [lane], `positions`: i32 [lane, termLimit], `weights`: float64 [lane, termLimit], `offsets`: float64 [lane].
 */
export function projectGroup(
  out: usize,
  count: i32,
  inputs: usize,
  inputBytes: usize,
  terms: usize,
  positions: usize,
  weights: usize,
  termLimit: usize,
  offsets: usize,
  common: usize,
): void {
  for (let lane: usize = 0; lane < 4; lane += 2) {
    const at = out + (lane << 3);
    const own = load<i32>(terms + (lane << 2));
    const other = load<i32>(terms + (lane << 2), 4);
    const p = positions + ((lane * termLimit) << 2);
    const q = p + (termLimit << 2);
    const w = weights + ((lane * termLimit) << 3);
    const v = w + (termLimit << 3);
    const o = offsets + (lane << 3);
    if (own === other && own > 0) {
      for (let k = 0; k < own; k++) addPair(at, count, inputs, inputBytes, p, q, w, v, k, o);
    } else {
      projectLane(at, count, inputs, inputBytes, own, p, w, load<f64>(o));
      projectLane(at + 8, count, inputs, inputBytes, other, q, v, load<f64>(o, 8));
    }
  }
  if (common !== 0) subtract(out, count, common);
}

/** Term `k` of two lanes: the first overwrites, later ones add. */
function addPair(
  at: usize,
  count: i32,
  inputs: usize,
  inputBytes: usize,
  p: usize,
  q: usize,
  w: usize,
  v: usize,
  k: i32,
  offsets: usize,
): void {
  let a = inputs + <usize>load<i32>(p + ((<usize>k) << 2)) * inputBytes;
  let b = inputs + <usize>load<i32>(q + ((<usize>k) << 2)) * inputBytes;
  const weight = v128.load64_lane(v + ((<usize>k) << 3), v128.load64_zero(w + ((<usize>k) << 3)), 1);
  const offset = v128.load(offsets);
  const end = at + ((<usize>count) << 5);
  const whole = at + ((<usize>(count & ~3)) << 5);
  for (; at < whole; at += 128) {
    const x = v128.load(a);
    const y = v128.load(b);
    const low = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
    const high = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
    let v0 = f64x2.mul(weight, f64x2.promote_low_f32x4(low));
    let v1 = f64x2.mul(weight, f64x2.promote_low_f32x4(v128.shuffle<f64>(low, low, 1, 0)));
    let v2 = f64x2.mul(weight, f64x2.promote_low_f32x4(high));
    let v3 = f64x2.mul(weight, f64x2.promote_low_f32x4(v128.shuffle<f64>(high, high, 1, 0)));
    if (k === 0) {
      v0 = f64x2.sub(v0, offset);
      v1 = f64x2.sub(v1, offset);
      v2 = f64x2.sub(v2, offset);
      v3 = f64x2.sub(v3, offset);
    } else {
      v0 = f64x2.add(v128.load(at), v0);
      v1 = f64x2.add(v128.load(at, 32), v1);
      v2 = f64x2.add(v128.load(at, 64), v2);
      v3 = f64x2.add(v128.load(at, 96), v3);
    }
    v128.store(at, v0);
    v128.store(at, v1, 32);
    v128.store(at, v2, 64);
    v128.store(at, v3, 96);
    a += 16;
    b += 16;
  }
  for (; at < end; at += 32) {
    const both = v128.load32_lane(b, v128.load32_zero(a), 1);
    const part = f64x2.mul(weight, f64x2.promote_low_f32x4(both));
    v128.store(at, k === 0 ? f64x2.sub(part, offset) : f64x2.add(v128.load(at), part));
    a += 4;
    b += 4;
  }
}

function projectLane(
  out: usize,
  count: i32,
  inputs: usize,
  inputBytes: usize,
  terms: i32,
  positions: usize,
  weights: usize,
  offset: f64,
): void {
  const end = out + ((<usize>count) << 5);
  if (terms === 0) for (let at = out; at < end; at += 32) store<f64>(at, -offset);
  for (let k = 0; k < terms; k++) {
    let x = inputs + <usize>load<i32>(positions + ((<usize>k) << 2)) * inputBytes;
    const weight = load<f64>(weights + ((<usize>k) << 3));
    for (let at = out; at < end; at += 32) {
      const part = weight * <f64>load<f32>(x);
      store<f64>(at, k === 0 ? part - offset : load<f64>(at) + part);
      x += 4;
    }
  }
}

/** The same row for all lanes: a weighted sum over time, float64 [count] at `out`; no offset. */
export function projectRow(
  out: usize,
  count: i32,
  inputs: usize,
  inputBytes: usize,
  terms: i32,
  positions: usize,
  weights: usize,
): void {
  const end = out + ((<usize>count) << 3);
  const whole = out + ((<usize>(count & ~1)) << 3);
  for (let k = 0; k < terms; k++) {
    let x = inputs + <usize>load<i32>(positions + ((<usize>k) << 2)) * inputBytes;
    const weight = load<f64>(weights + ((<usize>k) << 3));
    const splat = f64x2.splat(weight);
    let at = out;
    for (; at < whole; at += 16) {
      const part = f64x2.mul(splat, f64x2.promote_low_f32x4(v128.load64_zero(x)));
      v128.store(at, k === 0 ? part : f64x2.add(v128.load(at), part));
      x += 8;
    }
    if (at < end) {
      const part = weight * <f64>load<f32>(x);
      store<f64>(at, k === 0 ? part : load<f64>(at) + part);
    }
  }
}

function subtract(out: usize, count: i32, common: usize): void {
  const end = out + ((<usize>count) << 5);
  for (let at = out; at < end; at += 32) {
    const value = v128.load64_splat(common);
    v128.store(at, f64x2.sub(v128.load(at), value));
    v128.store(at, f64x2.sub(v128.load(at, 16), value), 16);
    common += 8;
  }
}
