// AssemblyScript; reference implementation: quantizeReferenceInto in ../quantize.ts.
/**
 * int16 at `out` of `count` float32 at `x`: (x - mean) * scale held within ± clip, rounded to float32, times `gain`, plus a
 * half, rounded down; NaN gives -clip. Reads and writes whole fours: both arrays have room up to a multiple of four.
 */
export function quantize(out: usize, x: usize, count: i32, mean: f64, scale: f64, clip: f64, gain: f64): void {
  const m = f64x2.splat(mean);
  const s = f64x2.splat(scale);
  const high = f64x2.splat(clip);
  const low = f64x2.splat(-clip);
  const g = f64x2.splat(gain);
  const half = f64x2.splat(0.5);
  const shift = f64x2.splat(6755399441055744.0); // 1.5 * 2^52: a whole number added to it stands in the low 32 bits
  for (const end = out + ((<usize>count) << 1); out < end; out += 8) {
    const four = v128.load(x);
    let a = f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(four), m), s);
    let b = f64x2.mul(f64x2.sub(f64x2.promote_low_f32x4(v128.shuffle<f64>(four, four, 1, 0)), m), s);
    a = f64x2.pmin(f64x2.pmax(low, a), high);
    b = f64x2.pmin(f64x2.pmax(low, b), high);
    a = f64x2.mul(f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(a)), g);
    b = f64x2.mul(f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(b)), g);
    a = f64x2.add(f64x2.floor(f64x2.add(a, half)), shift);
    b = f64x2.add(f64x2.floor(f64x2.add(b, half)), shift);
    const digital = v128.shuffle<i32>(a, b, 0, 2, 4, 6);
    v128.store64_lane(out, i16x8.narrow_i32x4_s(digital, digital), 0);
    x += 16;
  }
}
