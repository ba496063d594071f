import assert from "node:assert/strict";
import test from "node:test";
import { ConfigError, UnsupportedError } from "@ictal/base/errors";
import { type ChainOptions, chainHash, createChain, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { rateRatio } from "../../src/signal/resampler.js";

const input = { sampleRateHz: 250, electrodes: [...ELECTRODES_19] };

test("chainHash is the same whatever the order of the options, and another for each change", () => {
  const reversed = Object.fromEntries(Object.entries(DEFAULT_CHAIN).reverse()) as unknown as ChainOptions;
  assert.equal(chainHash(reversed), chainHash(DEFAULT_CHAIN));
  assert.match(chainHash(DEFAULT_CHAIN), /^[0-9a-f]{64}$/);
  const changes: Partial<ChainOptions>[] = [
    { targetRateHz: 250 },
    { lowCutHz: 1 },
    { highCutHz: 70 },
    { filterOrder: 4 },
    { notchHz: 50 },
    { notchHz: null },
    { notchQ: 10 },
    { phase: "zero" },
    { reference: "average" },
    { missing: "reject" },
    { clip: 5 },
    { normalize: false },
    { resample: "fourier" },
    { offsetSeconds: 0 },
    { secondNotchHz: 1 },
    { statistics: "recorded" },
  ];
  const hashes = new Set([{}, ...changes].map((change) => chainHash({ ...DEFAULT_CHAIN, ...change })));
  assert.equal(hashes.size, changes.length + 1);
  assert.notEqual(chainHash(REFERENCE_CHAIN), chainHash(DEFAULT_CHAIN));
});

test("createChain names the option that is wrong and what is allowed", () => {
  const wrong: [Partial<Record<keyof ChainOptions, unknown>>, RegExp][] = [
    [
      { highCutHz: 128 },
      /invalid highCutHz: 128 \(expected above 0 and below 128 Hz, half of the sample rate 256 Hz\)/,
    ],
    [{ lowCutHz: 120 }, /invalid lowCutHz: 120 \(expected below highCutHz 120\)/],
    [{ lowCutHz: 0 }, /invalid lowCutHz: 0 \(expected a number above 0\)/],
    [{ notchHz: 130 }, /invalid notchHz: 130 \(expected above 0 and below 128 Hz/],
    [{ phase: "linear" }, /invalid phase: "linear" \(expected "causal", "zero"\)/],
    [{ reference: "laplacian" }, /invalid reference: "laplacian" \(expected "recorded", .*, "double_banana"\)/],
    [{ clip: Number.NaN }, /invalid clip: null \(expected a number above 0\)/],
    [{ offsetSeconds: -1 }, /invalid offsetSeconds: -1/],
    [{ filterOrder: 2.5 }, /invalid filterOrder: 2.5 \(expected a whole number from 1 to 12\)/],
  ];
  for (const [change, message] of wrong) {
    const options = { ...DEFAULT_CHAIN, ...change } as ChainOptions;
    assert.throws(
      () => createChain(options, input),
      (error) => error instanceof ConfigError && message.test(error.message),
      String(message),
    );
  }
});

test("createChain refuses rates it cannot bring together and recordings without electrodes", () => {
  assert.throws(() => createChain(DEFAULT_CHAIN, { ...input, sampleRateHz: 0 }), /invalid sampleRateHz: 0/);
  assert.throws(
    () => createChain(DEFAULT_CHAIN, { ...input, sampleRateHz: 1e-7 }),
    (error) => error instanceof UnsupportedError && /cannot resample 1e-7 Hz to 256 Hz/.test(error.message),
  );
  assert.throws(() => createChain(DEFAULT_CHAIN, { ...input, electrodes: [] }), /no electrodes/);
});

test("rateRatio gives lowest terms, also for rates that are quotients", () => {
  const ratio = (from: number, to: number) => Object.values(rateRatio(from, to)).join("/");
  assert.equal(ratio(250, 256), "128/125");
  assert.equal(ratio(400, 256), "16/25");
  assert.equal(ratio(512, 256), "1/2");
  assert.equal(ratio(256, 256), "1/1");
  assert.equal(ratio(1000 / 3, 256), "96/125");
  assert.equal(ratio(249.9, 256), "2560/2499");
  assert.equal(ratio(199.99999999999997, 256), "32/25");
});

test("a chain names the signal of another length, and serves one recording only", () => {
  const chain = createChain(DEFAULT_CHAIN, input);
  const block = ELECTRODES_19.map((_, e) => new Float32Array(e === 3 ? 9 : 10));
  assert.throws(() => chain.push(block), /invalid block: P3 has 9 samples \(expected 10 as FP1\)/);
  assert.throws(() => chain.push(block.slice(1)), /invalid block: 18 signals \(expected 19, one per electrode\)/);
  chain.flush();
  assert.throws(() => chain.flush(), /the chain has been flushed: create one chain per recording/);
  assert.throws(() => chain.push(block), /the chain has been flushed/);
});
