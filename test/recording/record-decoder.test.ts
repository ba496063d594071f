import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { addDigitalSums, decodeInto, type SignalLayout } from "../../src/recording/edf-decode.js";
import { openRecordDecoder } from "../../src/recording/record-decoder.js";

const RECORDS = 5;

/** Places of signals with these samples per record, one behind the other, with scales that do not fit a float32. */
function madeLayouts(counts: readonly number[], width: 2 | 3): SignalLayout[] {
  const recordBytes = width * counts.reduce((sum, count) => sum + count, 0);
  let offset = 0;
  return counts.map((samplesPerRecord, k) => {
    const place = {
      offset,
      samplesPerRecord,
      recordBytes,
      width,
      gain: (k % 2 ? -1 : 1) / (3 + k),
      digitalOffset: 0.1 * k,
    };
    offset += width * samplesPerRecord;
    return { ...place, factor: k % 3 === 2 ? 1000 : 1 };
  });
}

function madeBytes(length: number): Uint8Array {
  const random = createRandom(5, "decoder");
  return Uint8Array.from({ length }, (_, i) => random.integer(i, 256));
}

for (const width of [2, 3] as const) {
  for (const kind of ["wasm", "typescript"] as const) {
    test(`the ${kind} decoder gives decodeInto's bits for ${8 * width} bit, whatever the samples per record`, () => {
      const places = madeLayouts([1, 16, 0, 3, 33, 250, 7, 64], width);
      const { recordBytes } = places[0]!;
      const bytes = madeBytes(RECORDS * recordBytes);
      const decoder = openRecordDecoder(places, recordBytes, RECORDS, { kind });
      assert.equal(decoder.name, kind);
      const inside = decoder.buffers[1]!;
      inside.set(bytes);
      const found = [decoder.decode(bytes, RECORDS), decoder.decode(inside, RECORDS)];
      for (const samples of found) {
        for (const [k, place] of places.entries()) {
          const expected = new Float32Array(RECORDS * place.samplesPerRecord);
          decodeInto(expected, bytes, RECORDS, place);
          assert.deepEqual(Buffer.from(samples[k]!.slice().buffer), Buffer.from(expected.buffer), `signal ${k}`);
        }
      }
      decoder.release();
    });
  }
}

test("a decoder gives the bits of decodeInto for every 16-bit sample, before and after it uses lookup tables", () => {
  const words = Int16Array.from({ length: 65_536 + 5 }, (_, i) => i - 32_768);
  const recordBytes = 2 * 2 * words.length;
  const common = { samplesPerRecord: words.length, recordBytes, width: 2 as const };
  const first = { ...common, offset: 0, gain: 10_000.024414 / 65_534, digitalOffset: 7.3e-12, factor: 1 };
  const second = { ...common, offset: 2 * words.length, gain: -1 / 3, digitalOffset: 0.1, factor: 1000 };
  const bytes = new Uint8Array(recordBytes);
  bytes.set(new Uint8Array(words.buffer), 0);
  bytes.set(new Uint8Array(words.buffer), second.offset);
  const expected = [first, second].map((place) => {
    const out = new Float32Array(words.length);
    decodeInto(out, bytes, 1, place);
    return Buffer.from(out.buffer);
  });
  const decoder = openRecordDecoder([first, second], recordBytes, 1);
  for (let round = 0; round < 40; round++) {
    const found = decoder.decode(bytes, 1).map((samples) => Buffer.from(samples.slice().buffer));
    assert.deepEqual(found, expected, `round ${round}`);
  }
  decoder.release();
});

test("a decoder reads the extremes of 24 bits with their signs", () => {
  const [place] = madeLayouts([5], 3);
  const plain = { ...place!, gain: 1, digitalOffset: 0 };
  const bytes = Uint8Array.from([0, 0, 128, 255, 255, 127, 255, 255, 255, 1, 0, 0, 0, 0, 128]);
  const decoder = openRecordDecoder([plain], 15, 1);
  assert.deepEqual([...decoder.decode(bytes, 1)[0]!], [-8388608, 8388607, -1, 1, -8388608]);
  decoder.release();
});

test("records too large for WebAssembly memory are decoded in TypeScript", () => {
  const [place] = madeLayouts([40_000_000], 2);
  assert.equal(openRecordDecoder([place!], 80_000_000, 1).name, "typescript");
});

for (const width of [2, 3] as const)
  test(`${8 * width}-bit records beyond those that are asked for are neither decoded nor counted`, () => {
    const [place] = madeLayouts([4], width);
    const bytes = madeBytes(RECORDS * place!.recordBytes);
    const out = new Float32Array(RECORDS * 4).fill(Number.NaN);
    decodeInto(out, bytes, RECORDS - 2, place!);
    assert.deepEqual(
      [...out].map((value) => Number.isNaN(value)),
      [...out].map((_, i) => i >= (RECORDS - 2) * 4),
    );
    const sums = { count: 0, min: null, max: null, sum: 0 };
    addDigitalSums(sums, bytes, RECORDS - 2, place!);
    const alone = { count: 0, min: null, max: null, sum: 0 };
    addDigitalSums(alone, bytes.slice(0, (RECORDS - 2) * place!.recordBytes), RECORDS - 2, place!);
    assert.deepEqual(sums, alone);
    assert.equal(sums.count, (RECORDS - 2) * 4);
  });
