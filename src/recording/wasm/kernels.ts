// AssemblyScript. Decodes the records of EDF and BDF files; the TypeScript implementation is decodeInto in
// src/recording/edf-decode.ts, with the same bits. All addresses are bytes of the module's memory.
import { decode16, decode24, lookUp16 } from "../../base/wasm/decode";

export { fillTable16 } from "../../base/wasm/decode";

/**
 * Decode `recordCount` whole records of `recordBytes` at `bytes`, record by record, so that each byte is loaded into the cache
 * once. `table` has 48 bytes for each of `signalCount` signals: out (address of its next float32, moved on here), offset in
 * the record, samples per record, bytes per sample (int32 each), then gain, offset and factor (float64 each),
 * then the table of its 65,536 values or 0 (int32), 4 bytes unused.
 */
export function decodeRecords(table: usize, signalCount: i32, bytes: usize, recordCount: i32, recordBytes: i32): void {
  const tableEnd = table + <usize>signalCount * 48;
  for (let record = 0; record < recordCount; record++) {
    for (let signal = table; signal < tableEnd; signal += 48) {
      const out = <usize>load<u32>(signal);
      const digital = bytes + <usize>load<u32>(signal, 4);
      const count = load<i32>(signal, 8);
      const gain = load<f64>(signal, 16);
      const offset = load<f64>(signal, 24);
      const factor = load<f64>(signal, 32);
      const values = <usize>load<u32>(signal, 40);
      if (values !== 0) lookUp16(out, digital, count, values);
      else if (load<i32>(signal, 12) === 2) decode16(out, digital, count, gain, offset, factor);
      else decode24(out, digital, count, gain, offset, factor);
      store<u32>(signal, <u32>(out + ((<usize>count) << 2)));
    }
    bytes += <usize>recordBytes;
  }
}
