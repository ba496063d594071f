// AssemblyScript; twin: quantizeInto in ../quantize.ts.
/**
 * int16 at `out` of `count` float32 at `x`: (x - mean) * scale held within ± clip, rounded to float32, times `gain`, to the
 * nearest whole number (halves up).
 */
export function quantize(out: usize, x: usize, count: i32, mean: f64, scale: f64, clip: f64, gain: f64): void {
  const m = f64x2.splat(mean);
  const s = f64x2.splat(scale);
  const high = f64x2.splat(clip);
  const low = f64x2.splat(-clip);
  const g = f64x2.splat(gain);
  const whole = out + ((<usize>(count & ~3)) << 1);
  const end = out + ((<usize>count) << 1);
  for (; out < whole; out += 8) {
    const four = v128.load(x);
    const first = codes(f64x2.promote_low_f32x4(four), m, s, low, high, g);
    const second = codes(f64x2.promote_low_f32x4(v128.shuffle<f64>(four, four, 1, 0)), m, s, low, high, g);
    const words = i16x8.narrow_i32x4_s(v128.shuffle<f64>(first, second, 0, 2), i32x4.splat(0));
    v128.store64_lane(out, words, 0);
    x += 16;
  }
  for (; out < end; out += 2) {
    store<i16>(out, <i16>i32x4.extract_lane(codes(f64x2.splat(<f64>load<f32>(x)), m, s, low, high, g), 0));
    x += 4;
  }
}

/** Whole numbers of two values, in lanes 0 and 1 of the result. */
function codes(x: v128, mean: v128, scale: v128, low: v128, high: v128, gain: v128): v128 {
  const z = f64x2.pmin(f64x2.pmax(f64x2.mul(f64x2.sub(x, mean), scale), low), high);
  const scaled = f64x2.mul(f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(z)), gain);
  const floor = f64x2.floor(scaled);
  const isUp = f64x2.ge(f64x2.sub(scaled, floor), f64x2.splat(0.5));
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.add(floor, v128.and(isUp, f64x2.splat(1))));
}
