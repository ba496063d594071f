import assert from "node:assert/strict";
import test from "node:test";
import { createRandom } from "../../src/base/random.js";
import { type ChainOptions, createChain, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { readFixture, relativeError, wave } from "./reference-values.js";

const random = createRandom(11, "chain");

/** Inputs of seeded noise around an offset, one per electrode. */
function inputsOf(count: number, electrodes: number): Float32Array[] {
  return Array.from({ length: electrodes }, (_, e) => {
    const stream = random.stream(`input ${e}`);
    return Float32Array.from({ length: count }, (_, i) => 1000 * e + 50 * stream.normal(i));
  });
}

/** Run a whole recording through a chain in blocks of the given lengths (the last takes the rest). */
function runInBlocks(
  options: ChainOptions,
  rate: number,
  electrodes: readonly string[],
  inputs: Float32Array[],
  cuts: number[],
) {
  const chain = createChain(options, { sampleRateHz: rate, electrodes: [...electrodes] });
  const parts: Float32Array[][] = [];
  let from = 0;
  for (const cut of [...cuts, inputs[0]!.length]) {
    const to = Math.min(inputs[0]!.length, from + cut);
    parts.push(chain.push(inputs.map((input) => input.subarray(from, to))));
    from = to;
  }
  parts.push(chain.flush());
  return chain.channelNames.map((_, c) => Float32Array.from(parts.flatMap((part) => [...part[c]!])));
}

const variants: [string, ChainOptions][] = [
  ["the default", DEFAULT_CHAIN],
  ["an average reference", { ...DEFAULT_CHAIN, reference: "average" }],
  ["tcp20", { ...DEFAULT_CHAIN, reference: "tcp20", filterOrder: 4 }],
  ["no notch, no offset", { ...DEFAULT_CHAIN, notchHz: null, offsetSeconds: 0 }],
  ["zero phase", { ...DEFAULT_CHAIN, phase: "zero" }],
  ["the reference preset", REFERENCE_CHAIN],
];

for (const [name, options] of variants) {
  test(`a chain with ${name} gives the same bits however the recording is cut`, () => {
    for (const rate of [250, 256, 400, 512, 200]) {
      const inputs = inputsOf(3 * rate + 7, ELECTRODES_19.length);
      const whole = runInBlocks(options, rate, ELECTRODES_19, inputs, []);
      const cuts = Array.from({ length: 40 }, (_, i) => random.stream(`cut ${rate}`).integer(i, 60));
      assert.deepEqual(runInBlocks(options, rate, ELECTRODES_19, inputs, cuts), whole, `${rate} Hz`);
      const expected = (inputs[0]!.length * 256) / rate;
      assert.equal(whole[0]!.length, options.resample === "fourier" ? Math.round(expected) : Math.ceil(expected));
    }
  });
}

test("the reference preset gives the samples of the reference system's scipy calls", () => {
  const expected = readFixture<{ filtered: number[] }>("reference-chain");
  const inputs = ELECTRODES_19.map(() => Float32Array.from(wave(1250, 7)));
  const [first] = runInBlocks(REFERENCE_CHAIN, 250, ELECTRODES_19, inputs, []);
  assert.ok(relativeError(first!, expected.filtered) < 1e-6, `${relativeError(first!, expected.filtered)}`);
});
