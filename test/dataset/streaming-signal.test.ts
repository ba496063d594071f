import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { createFrame, FRAME_SAMPLES, frameLayout, INT16_SCALE, type SampleType } from "../../src/cache/format.js";
import { createFrameStorer, markFlat, runningScaling } from "../../src/cache/normalize.js";
import { openStreamingSignal } from "../../src/dataset/streaming-signal.js";
import { createChain, DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { CAUSAL_CHAIN } from "../../src/signal/chain-options.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";

const RATE = 200;
const CHAIN = { ...CAUSAL_CHAIN, memorySeconds: 10 };
const INPUT = { electrodes: ELECTRODES_19, sampleRateHz: RATE };
const random = createRandom(8, "streaming signal");
const signal = ELECTRODES_19.map((_, c) =>
  Float32Array.from({ length: 23 * RATE + 7 }, (_, i) => (c === 3 ? 5 : 50 + 20 * random.normal(c * 1e6 + i))),
);

/** What a cache stores of two segments of `signal`, one array per channel. */
function stored(sampleType: SampleType): Float32Array[] {
  const segments = [0, 1].map(() => {
    const chain = createChain(CHAIN, INPUT);
    return [chain.push(signal), chain.flush()];
  });
  const moments = createChain(CHAIN, INPUT).moments();
  const rows = ELECTRODES_19.map((_, c) => segments.flatMap((parts) => parts.flatMap((part) => [...part[c]!])));
  const count = rows[0]!.length;
  const lengths = [0, 1].map((k) => ({ startSample: (k * count) / 2, sampleCount: count / 2 }));
  const storeFrame = createFrameStorer({
    ...{ statistics: markFlat(moments), normalize: true, clip: 10, running: runningScaling(CHAIN, lengths) },
  });
  const out = ELECTRODES_19.map(() => new Float32Array(count));
  for (let from = 0; from < count; from += FRAME_SAMPLES) {
    const valid = Math.min(FRAME_SAMPLES, count - from);
    const microvolts = new Float32Array(19 * FRAME_SAMPLES);
    for (const [c, row] of rows.entries()) microvolts.set(row.slice(from, from + valid), c * FRAME_SAMPLES);
    const frame = createFrame(frameLayout(19, sampleType));
    storeFrame(frame, microvolts, valid);
    const scale = sampleType === "int16" ? INT16_SCALE : 1;
    for (const [c, row] of out.entries())
      for (let i = 0; i < valid; i++) row[from + i] = frame[c * FRAME_SAMPLES + i]! * scale;
    assert.ok(frame.subarray(valid, FRAME_SAMPLES).every((value) => value === 0));
  }
  return out;
}

for (const sampleType of ["int16", "float32"] as const)
  test(`a streamed signal is, bit for bit, what a cache of ${sampleType} holds, anew after a gap, however it is cut`, () => {
    const expected = stored(sampleType);
    for (const length of [RATE / 4, 1234, signal[0]!.length]) {
      const stream = openStreamingSignal(CHAIN, INPUT, sampleType);
      const parts: Float32Array[][] = [];
      for (const _segment of [0, 1]) {
        for (let from = 0; from < signal[0]!.length; from += length)
          parts.push(stream.push(signal.map((row) => row.subarray(from, from + length))));
        parts.push(stream.flush());
      }
      const rows = expected.map((_, c) => Float32Array.from(parts.flatMap((part) => [...part[c]!])));
      assert.deepEqual(rows, expected);
    }
    assert.ok(
      expected[3]!.every((value) => value === 0),
      "a dead electrode is zero",
    );
    assert.ok(expected[0]!.some((value) => value !== 0));
  });

test("a stream cannot be normalised by its whole recording", () => {
  assert.throws(() => openStreamingSignal(DEFAULT_CHAIN, INPUT, "int16"), /a stream has no whole recording/);
});
