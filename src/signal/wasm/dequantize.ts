// AssemblyScript; reference implementation: row in createPlainDecoder, src/dataset/decode.ts.
/**
 * float32 at `out` of int16 at `stored`, `runs` runs of `count` numbers (a multiple of 8) that begin `strideBytes` apart,
 * each number times high + low. With `high` short enough that its product with 16 bits is exact, the sum is rounded once
 * for all that matters.
 */
export function dequantizeRuns(
  out: usize,
  stored: usize,
  count: i32,
  runs: i32,
  strideBytes: usize,
  high: f32,
  low: f32,
): void {
  const h = f32x4.splat(high);
  const l = f32x4.splat(low);
  for (let run = 0; run < runs; run++) {
    let from = stored;
    const end = out + ((<usize>count) << 2);
    for (; out < end; out += 32) {
      const eight = v128.load(from);
      const a = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(eight));
      const b = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(eight));
      v128.store(out, f32x4.add(f32x4.mul(a, h), f32x4.mul(a, l)));
      v128.store(out, f32x4.add(f32x4.mul(b, h), f32x4.mul(b, l)), 16);
      from += 16;
    }
    stored += strideBytes;
  }
}
