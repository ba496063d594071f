import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDeltasInto, encodeDeltas } from "../../src/base/delta-code.js";
import { createRandom } from "../../src/base/random.js";

const random = createRandom(1, "deltas");
const CASES: Record<string, Int16Array> = {
  nothing: new Int16Array(0),
  "one extreme": Int16Array.of(-32_768),
  "a constant": new Int16Array(500).fill(777),
  "a ramp": Int16Array.from({ length: 500 }, (_, i) => 3 * i - 700),
  "a sine": Int16Array.from({ length: 2000 }, (_, i) => Math.round(3000 * Math.sin(i / 9))),
  "leaps from end to end": Int16Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 32_767 : -32_768)),
  noise: Int16Array.from({ length: 3000 }, (_, i) => random.integer(i, 65_536) - 32_768),
};

for (const [name, samples] of Object.entries(CASES)) {
  test(`decodeDeltasInto(out, encodeDeltas(samples)) gives back ${name}`, () => {
    const bytes = encodeDeltas(samples);
    const out = new Int16Array(samples.length);
    assert.equal(decodeDeltasInto(out, bytes, 0), bytes.length);
    assert.deepEqual(out, samples);
  });
}

test("several arrays one after another are read from where the last one ended", () => {
  const [a, b] = [CASES["a sine"]!, CASES["a ramp"]!];
  const bytes = Buffer.concat([encodeDeltas(a), encodeDeltas(b)]);
  const outs = [new Int16Array(a.length), new Int16Array(b.length)] as const;
  assert.equal(decodeDeltasInto(outs[1], bytes, decodeDeltasInto(outs[0], bytes, 0)), bytes.length);
  assert.deepEqual([...outs], [a, b]);
});

test("a smooth signal takes a byte a sample", () => {
  assert.ok(encodeDeltas(CASES["a sine"]!).length < 1.05 * CASES["a sine"]!.length);
});

test("bytes that end before the samples are refused", () => {
  const bytes = encodeDeltas(CASES["a ramp"]!);
  assert.throws(
    () => decodeDeltasInto(new Int16Array(500), bytes.subarray(0, 300), 0),
    /invalid bytes: they end before 500 samples/,
  );
});
