import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME_SAMPLES, frameLayout } from "../../src/cache/format.js";
import { createWasmDecoder } from "../../src/dataset/create-decoder.js";
import { createPlainDecoder, DECODER_FRAMES } from "../../src/dataset/decode.js";

test("the WebAssembly decoder gives the bits of the plain one for each of the 65,536 numbers, in every place", () => {
  const layout = frameLayout(5, "int16");
  const fast = createWasmDecoder(layout);
  assert.ok(fast, "the kernels are not compiled; run npm run build");
  const plain = createPlainDecoder(layout);
  assert.equal(fast.stored.length, DECODER_FRAMES * layout.frameBytes);
  const numbers = new Int16Array(fast.stored.length / 2);
  for (let first = 0; first < 65536; first += numbers.length - 7)
    for (let i = 0; i < numbers.length; i++) numbers[i] = first + i - 32768;
  assert.equal(new Set(numbers).size, 65536);
  fast.stored.set(new Uint8Array(numbers.buffer));
  plain.stored.set(new Uint8Array(numbers.buffer));
  for (let channel = 0; channel < 5; channel++)
    for (const frames of [1, 3, DECODER_FRAMES]) {
      const row = fast.row(channel, frames);
      assert.equal(row.length, frames * FRAME_SAMPLES);
      assert.deepEqual(row, plain.row(channel, frames));
      assert.equal(row[0], Math.fround((numbers[channel * FRAME_SAMPLES]! * 10) / 32767));
    }
});

test("the plain decoder copies float32 frames", () => {
  const layout = frameLayout(2, "float32");
  const decoder = createPlainDecoder(layout);
  const values = new Float32Array(decoder.stored.buffer).map((_, i) => i / 3);
  decoder.stored.set(new Uint8Array(values.buffer));
  const row = decoder.row(1, 2);
  assert.deepEqual([row[0], row[FRAME_SAMPLES]], [values[FRAME_SAMPLES], values[3 * FRAME_SAMPLES]]);
});
