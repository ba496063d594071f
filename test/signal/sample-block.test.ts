import assert from "node:assert/strict";
import test from "node:test";
import { createRandom } from "../../src/base/random.js";
import { createChain, DEFAULT_CHAIN } from "../../src/signal/chain.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { floatBlock, type RecordLayout, recordBlock, takeSamples } from "../../src/signal/sample-block.js";

const random = createRandom(5, "sample block");

/** Records with a signal before and after those that are wanted, each of its own scale. */
function layoutOf(samplesPerRecord: number, otherSamples: number): RecordLayout {
  const signals = ELECTRODES_19.map((_, k) => ({
    recordOffset: 7 + k * samplesPerRecord,
    ...{ gain: 0.1 + k / 700, offset: k - 3.5, factor: k % 2 === 0 ? 1 : 1e3 },
  }));
  return { recordSamples: 7 + 19 * samplesPerRecord + otherSamples, samplesPerRecord, signals };
}

const RECORDS = 9;

/** Samples and extremes of a recording that is cut into blocks of so many records, or into blocks of floats. */
function runRecords(layout: RecordLayout, kernels: "wasm" | "typescript", blockRecords: number, floats = false) {
  const digital = Int16Array.from(
    { length: RECORDS * layout.recordSamples },
    (_, i) => random.integer(i, 65_536) - 32_768,
  );
  const seen: { count: number; least: number[]; greatest: number[] } = { count: 0, least: [], greatest: [] };
  const chain = createChain(DEFAULT_CHAIN, {
    sampleRateHz: 250,
    electrodes: ELECTRODES_19,
    kernels,
    tap(inputs, count, extremes) {
      assert.equal(inputs.length, 19);
      seen.count += count;
      for (let k = 0; k < 19; k++) {
        const values = inputs[k]!.subarray(0, count);
        assert.deepEqual([Math.min(...values), Math.max(...values)], [extremes[2 * k], extremes[2 * k + 1]]);
        seen.least[k] = Math.min(seen.least[k] ?? Number.POSITIVE_INFINITY, extremes[2 * k]!);
        seen.greatest[k] = Math.max(seen.greatest[k] ?? Number.NEGATIVE_INFINITY, extremes[2 * k + 1]!);
      }
    },
  });
  const out = ELECTRODES_19.map(() => [] as number[]);
  const onSamples = (channel: number, samples: Float32Array) => void out[channel]!.push(...samples);
  for (let record = 0; record < RECORDS; record += blockRecords) {
    const count = Math.min(blockRecords, RECORDS - record);
    const block = recordBlock(digital.subarray(record * layout.recordSamples), count, layout);
    chain.pushTo(floats ? floatBlock(takeSamples(block, 0, block.sampleCount)) : block, onSamples);
  }
  chain.flushTo(onSamples);
  return { out, seen };
}

for (const [name, layout] of [
  ["records of a second", layoutOf(250, 31)],
  ["records that are no whole part of a slice", layoutOf(333, 0)],
  ["records longer than a slice", layoutOf(800, 5)],
  ["records too long to be taken whole", layoutOf(400, 40_000)],
] as const) {
  test(`${name} give the same bits by either kernel, as digital samples or as floats, however they are cut, and the tap sees each sample once`, () => {
    const whole = runRecords(layout, "wasm", RECORDS);
    assert.equal(whole.seen.count, RECORDS * layout.samplesPerRecord);
    assert.ok(whole.out[0]!.length > 0);
    assert.deepEqual(runRecords(layout, "typescript", 2), whole);
    assert.deepEqual(runRecords(layout, "wasm", 4), whole);
    assert.deepEqual(runRecords(layout, "wasm", 3, true), whole);
  });
}
