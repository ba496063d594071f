import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync, constants as zlib } from "node:zlib";
import { inflate } from "../src/report/inflate.js";

/** Bytes that repeat at many distances, by a small seeded generator. */
function made(size: number, variety: number): Buffer {
  let state = 7;
  const next = (count: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * count);
  };
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; ) {
    const length = Math.min(1 + next(300), size - i);
    if (i > 300 && next(2) === 1)
      for (const back = 1 + next(i); i < size && next(80) > 0; i++) bytes[i] = bytes[i - back]!;
    else for (const end = i + length; i < end; i++) bytes[i] = next(variety);
  }
  return bytes;
}

test("inflate unpacks what zlib packed: stored, fixed and own codes, of nothing and of much", () => {
  const plain = [Buffer.alloc(0), Buffer.from("a"), made(200_000, 4), made(200_000, 256), Buffer.alloc(70_000, 3)];
  const ways = [
    { level: 0 },
    { level: 1 },
    { level: 9 },
    { strategy: zlib.Z_FIXED },
    { strategy: zlib.Z_HUFFMAN_ONLY },
  ];
  for (const bytes of plain)
    for (const way of ways) {
      const unpacked = inflate(deflateRawSync(bytes, way), bytes.length);
      assert.ok(bytes.equals(unpacked), `${bytes.length} bytes, ${JSON.stringify(way)}`);
    }
});

test("inflate refuses data that are cut short", () => {
  const bytes = made(5000, 100);
  for (const level of [0, 9]) {
    const packed = deflateRawSync(bytes, { level });
    assert.throws(() => inflate(packed.subarray(0, packed.length - 20), bytes.length), /cut short/);
  }
});
