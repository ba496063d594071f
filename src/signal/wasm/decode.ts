// AssemblyScript; twin: decodeInto in src/recording/edf-decode.ts.
/**
 * float32 at `out` of `count` little-endian int16 at `words`: gain * (offset + word), then times `factor` unless that is
 * 1, in float64.
 */
export function decode16(out: usize, words: usize, count: i32, gain: f64, offset: f64, factor: f64): void {
  const g = f64x2.splat(gain);
  const o = f64x2.splat(offset);
  const f = f64x2.splat(factor);
  const whole = out + ((<usize>(count & ~3)) << 2);
  const end = out + ((<usize>count) << 2);
  for (; out < whole; out += 16) {
    const four = v128.load16x4_s(words);
    const first = scaled(f64x2.convert_low_i32x4_s(four), g, o, f);
    const second = scaled(f64x2.convert_low_i32x4_s(v128.shuffle<f64>(four, four, 1, 0)), g, o, f);
    v128.store(out, v128.shuffle<f64>(first, second, 0, 2));
    words += 8;
  }
  for (; out < end; out += 4) {
    store<f32>(out, f32x4.extract_lane(scaled(f64x2.splat(<f64>load<i16>(words)), g, o, f), 0));
    words += 2;
  }
}

/** Times 1 changes no bit, so that one loop serves microvolts and other units. */
function scaled(word: v128, gain: v128, offset: v128, factor: v128): v128 {
  return f32x4.demote_f64x2_zero(f64x2.mul(f64x2.mul(gain, f64x2.add(offset, word)), factor));
}
