// AssemblyScript. Digital samples to microvolts; reference implementations: decodeInto in src/recording/edf-decode.ts and
// decodeSamplesInto in src/signal/sample-block.ts.

/**
 * float32 at `out` of `count` little-endian int16 at `digital`: gain * (offset + digital), then times `factor` unless that is
 * 1, in float64.
 */
export function decode16(out: usize, digital: usize, count: i32, gain: f64, offset: f64, factor: f64): void {
  const g = f64x2.splat(gain);
  const o = f64x2.splat(offset);
  const f = f64x2.splat(factor);
  const whole = out + ((<usize>(count & ~15)) << 2);
  const fours = out + ((<usize>(count & ~3)) << 2);
  const end = out + ((<usize>count) << 2);
  if (factor === 1) {
    for (; out < whole; out += 64) {
      // unrolled by sixteen, since the engine checks for interrupts at each iteration
      v128.store(out, physicalFour(v128.load16x4_s(digital), g, o));
      v128.store(out, physicalFour(v128.load16x4_s(digital, 8), g, o), 16);
      v128.store(out, physicalFour(v128.load16x4_s(digital, 16), g, o), 32);
      v128.store(out, physicalFour(v128.load16x4_s(digital, 24), g, o), 48);
      digital += 32;
    }
  }
  for (; out < fours; out += 16) {
    v128.store(out, scaledFour(v128.load16x4_s(digital), g, o, f));
    digital += 8;
  }
  for (; out < end; out += 4) {
    store<f32>(out, f32x4.extract_lane(scaled(f64x2.splat(<f64>load<i16>(digital)), g, o, f), 0));
    digital += 2;
  }
}

/** The same for `count` little-endian 24-bit integers at `bytes`; up to four bytes after the last are read. */
export function decode24(out: usize, bytes: usize, count: i32, gain: f64, offset: f64, factor: f64): void {
  const g = f64x2.splat(gain);
  const o = f64x2.splat(offset);
  const f = f64x2.splat(factor);
  const whole = out + ((<usize>(count & ~3)) << 2);
  const end = out + ((<usize>count) << 2);
  for (; out < whole; out += 16) {
    // each value in the upper three bytes of its lane, then moved down with its sign; index 16 and above gives 0
    const lanes = i8x16.swizzle(v128.load(bytes), i8x16(16, 0, 1, 2, 16, 3, 4, 5, 16, 6, 7, 8, 16, 9, 10, 11));
    v128.store(out, scaledFour(i32x4.shr_s(lanes, 8), g, o, f));
    bytes += 12;
  }
  for (; out < end; out += 4) {
    const value = ((<i32>load<i8>(bytes, 2)) << 16) | <i32>load<u16>(bytes);
    store<f32>(out, f32x4.extract_lane(scaled(f64x2.splat(<f64>value), g, o, f), 0));
    bytes += 3;
  }
}

/** Results of `decode16` for all 65,536 digital values, float32 at `table`, indexed by the value as unsigned. */
export function fillTable16(table: usize, gain: f64, offset: f64, factor: f64): void {
  const g = f64x2.splat(gain);
  const o = f64x2.splat(offset);
  const f = f64x2.splat(factor);
  for (let value = 0; value < 65536; value += 4) {
    const four = i32x4.add(i32x4.splat((value << 16) >> 16), i32x4(0, 1, 2, 3));
    v128.store(table + ((<usize>value) << 2), scaledFour(four, g, o, f));
  }
}

/** `decode16` by the lookup table of its scaling: faster where the part of the table in use stays in the cache. */
export function lookUp16(out: usize, digital: usize, count: i32, table: usize): void {
  const whole = out + ((<usize>(count & ~7)) << 2);
  const end = out + ((<usize>count) << 2);
  for (; out < whole; out += 32) {
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital)) << 2)));
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital, 2)) << 2)), 4);
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital, 4)) << 2)), 8);
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital, 6)) << 2)), 12);
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital, 8)) << 2)), 16);
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital, 10)) << 2)), 20);
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital, 12)) << 2)), 24);
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital, 14)) << 2)), 28);
    digital += 16;
  }
  for (; out < end; out += 4) {
    store<f32>(out, load<f32>(table + ((<usize>load<u16>(digital)) << 2)));
    digital += 2;
  }
}

/** Four int32 lanes as four float32, in their physical unit. */
function physicalFour(four: v128, gain: v128, offset: v128): v128 {
  const low = f64x2.convert_low_i32x4_s(four);
  const high = f64x2.convert_low_i32x4_s(v128.shuffle<f64>(four, four, 1, 0));
  const first = f32x4.demote_f64x2_zero(f64x2.mul(gain, f64x2.add(offset, low)));
  const second = f32x4.demote_f64x2_zero(f64x2.mul(gain, f64x2.add(offset, high)));
  return v128.shuffle<f64>(first, second, 0, 2);
}

/** Four int32 lanes, scaled, as four float32. */
function scaledFour(four: v128, gain: v128, offset: v128, factor: v128): v128 {
  const first = scaled(f64x2.convert_low_i32x4_s(four), gain, offset, factor);
  const second = scaled(f64x2.convert_low_i32x4_s(v128.shuffle<f64>(four, four, 1, 0)), gain, offset, factor);
  return v128.shuffle<f64>(first, second, 0, 2);
}

/** Times 1 changes no bit, so that one loop serves microvolts and other units. */
function scaled(value: v128, gain: v128, offset: v128, factor: v128): v128 {
  return f32x4.demote_f64x2_zero(f64x2.mul(f64x2.mul(gain, f64x2.add(offset, value)), factor));
}
