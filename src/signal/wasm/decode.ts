// AssemblyScript; reference implementation: recordBlock in ../sample-block.ts, without its staging.
import { decode16 } from "../../base/wasm/decode";

/**
 * float32 of `signalCount` signals at `out`, `outBytes` apart, of `recordCount` whole records at `digital`. `table`: per
 * signal the bytes from the start of a record (u32), gain, offset and factor (float64 from byte 8 on), 32 bytes in all.
 */
export function decodeRecords(
  out: usize,
  outBytes: usize,
  digital: usize,
  recordCount: i32,
  recordBytes: usize,
  samplesPerRecord: i32,
  table: usize,
  signalCount: i32,
): void {
  for (const end = table + ((<usize>signalCount) << 5); table < end; table += 32) {
    let from = digital + <usize>load<u32>(table);
    let to = out;
    for (let record = 0; record < recordCount; record++) {
      decode16(to, from, samplesPerRecord, load<f64>(table, 8), load<f64>(table, 16), load<f64>(table, 24));
      from += recordBytes;
      to += (<usize>samplesPerRecord) << 2;
    }
    out += outBytes;
  }
}

/** Reference implementation: extremesInto in ../sample-block.ts. Least and greatest of `count` float32 of each input, shape [input, 2] at `out`. */
export function extremes(out: usize, inputs: usize, inputBytes: usize, inputCount: i32, count: i32): void {
  const whole = (<usize>(count & ~3)) << 2;
  const bytes = (<usize>count) << 2;
  for (let k = 0; k < inputCount; k++) {
    let low = f32x4.splat(f32.POSITIVE_INFINITY);
    let high = f32x4.splat(f32.NEGATIVE_INFINITY);
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const four = v128.load(inputs + at);
      low = f32x4.pmin(low, four);
      high = f32x4.pmax(high, four);
    }
    for (; at < bytes; at += 4) {
      const value = v128.load32_splat(inputs + at);
      low = f32x4.pmin(low, value);
      high = f32x4.pmax(high, value);
    }
    low = f32x4.pmin(low, v128.shuffle<f32>(low, low, 2, 3, 0, 1));
    high = f32x4.pmax(high, v128.shuffle<f32>(high, high, 2, 3, 0, 1));
    low = f32x4.pmin(low, v128.shuffle<f32>(low, low, 1, 0, 3, 2));
    high = f32x4.pmax(high, v128.shuffle<f32>(high, high, 1, 0, 3, 2));
    v128.store32_lane(out, low, 0);
    v128.store32_lane(out, high, 0, 4);
    out += 8;
    inputs += inputBytes;
  }
}
