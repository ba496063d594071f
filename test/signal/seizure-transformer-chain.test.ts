import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { describeCache } from "../../src/cache/describe.js";
import { createFilterState, sosfiltInto } from "../../src/signal/biquads.js";
import { butterworth, cascade, notch } from "../../src/signal/butterworth.js";
import { chainHash, createChain, DEFAULT_CHAIN, SEIZURE_TRANSFORMER_CHAIN } from "../../src/signal/chain.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";

const SAMPLES = 4096;
const random = createRandom(5, "published chain");
const signals = ELECTRODES_19.map((_, c) =>
  Float32Array.from({ length: SAMPLES }, (_, i) => 3000 * c + (5 + c) * random.normal(c * SAMPLES + i)),
);

test("the chain of SeizureTransformer is the z-score of the recording, then its band-pass and the notches at 1 and 60 Hz", () => {
  const chain = createChain(SEIZURE_TRANSFORMER_CHAIN, { sampleRateHz: 256, electrodes: ELECTRODES_19 });
  chain.push(signals);
  const out = chain.flush();
  const { mean, std } = chain.moments();
  const sections = cascade(
    butterworth(3, { lowCutHz: 0.5, highCutHz: 120 }, 256),
    notch(1, 30, 256),
    notch(60, 30, 256),
  );
  for (const [c, signal] of signals.entries()) {
    const average = signal.reduce((sum, value) => sum + value, 0) / SAMPLES;
    const deviation = Math.sqrt(signal.reduce((sum, value) => sum + (value - average) ** 2, 0) / SAMPLES);
    assert.ok(Math.abs(std[c]! / deviation - 1) < 1e-9);
    const x = Float64Array.from(signal, (value) => (value - average) / deviation);
    sosfiltInto(x, 0, SAMPLES, sections, createFilterState(sections));
    const worst = Math.max(...x.map((value, i) => Math.abs(value - (out[c]![i]! - mean[c]!) / std[c]!)));
    assert.ok(worst < 1e-5, `${ELECTRODES_19[c]} differs by ${worst}`);
  }
});

test("the options of that chain leave names and descriptions of other caches as they were", () => {
  assert.deepEqual(Object.keys(describeCache(DEFAULT_CHAIN, "int16").chain).length, 13);
  const { secondNotchHz, statistics, ...earlier } = DEFAULT_CHAIN;
  assert.deepEqual([secondNotchHz, statistics], [null, "filtered"]);
  assert.deepEqual(describeCache(DEFAULT_CHAIN, "int16").chain, earlier);
  const hashes = [{}, { secondNotchHz: 1 }, { statistics: "recorded" as const }].map((change) =>
    chainHash({ ...DEFAULT_CHAIN, ...change }),
  );
  assert.equal(new Set(hashes).size, 3);
});
