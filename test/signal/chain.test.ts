import assert from "node:assert/strict";
import test from "node:test";
import { createRandom } from "../../src/base/random.js";
import { type ChainOptions, createChain, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { quantizeInto } from "../../src/signal/quantize.js";
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

test("the default chain gives scipy's samples, and as int16 scipy's z-score to 1.6e-4 of a standard deviation", () => {
  const expected = readFixture<{ filtered: number[]; z: number[] }>("causal-chain");
  const inputs = ELECTRODES_19.map(() => Float32Array.from(wave(2500, 11)));
  for (const kernels of ["wasm", "typescript"] as const) {
    const chain = createChain(DEFAULT_CHAIN, { sampleRateHz: 250, electrodes: ELECTRODES_19, kernels });
    const [first, last] = [chain.push(inputs)[8]!, chain.flush()[8]!];
    const samples = Float32Array.from([...first, ...last]);
    assert.ok(relativeError(samples, expected.filtered) < 5e-7, `${relativeError(samples, expected.filtered)}`);
    const { mean, std } = chain.moments();
    const codes = new Int16Array(samples.length);
    quantizeInto(codes, samples, { mean: mean[8]!, std: std[8]!, clip: 10 }, 3276.7, kernels);
    for (const [i, z] of expected.z.entries()) assert.ok(Math.abs(codes[i]! / 3276.7 - z) < 1.6e-4, `${kernels} ${i}`);
  }
});

test("a chain's output is its input's length times the ratio, rounded up, from nothing to a few samples", () => {
  for (const count of [0, 1, 2, 3, 99, 250, 251]) {
    for (const rate of [250, 256, 400, 512, 1000]) {
      const inputs = inputsOf(count, ELECTRODES_19.length);
      const out = runInBlocks(DEFAULT_CHAIN, rate, ELECTRODES_19, inputs, [0, 1]);
      assert.equal(out.length, 19);
      for (const channel of out)
        assert.equal(channel.length, Math.ceil((count * 256) / rate), `${count} at ${rate} Hz`);
    }
  }
});

test("a constant offset of millivolts leaves no step behind", () => {
  const inputs = ELECTRODES_19.map((_, e) => new Float32Array(1000).fill(4400 - e));
  for (const options of [DEFAULT_CHAIN, { ...DEFAULT_CHAIN, phase: "zero" as const }]) {
    for (const channel of runInBlocks(options, 250, ELECTRODES_19, inputs, [])) {
      assert.ok(channel.every((value) => Math.abs(value) < 1e-9));
    }
  }
});

test("a chain is linear and its channels do not projection", () => {
  const a = inputsOf(1500, 19);
  const silent = a.map((x, e) => (e === 4 ? x : new Float32Array(x.length)));
  const whole = runInBlocks(DEFAULT_CHAIN, 250, ELECTRODES_19, a, []);
  const alone = runInBlocks(DEFAULT_CHAIN, 250, ELECTRODES_19, silent, []);
  assert.deepEqual(alone[4], whole[4]);
  assert.ok(alone.every((x, c) => c === 4 || x.every((value) => value === 0)));
  const doubled = runInBlocks(
    DEFAULT_CHAIN,
    250,
    ELECTRODES_19,
    a.map((x) => x.map((value) => 2 * value)),
    [],
  );
  assert.deepEqual(
    doubled[7],
    whole[7]!.map((value) => 2 * value),
  );
});

test("the mains notch and the band edges do what they are named for", () => {
  const power = (hertz: number, options: ChainOptions) => {
    const sine = Float32Array.from({ length: 5000 }, (_, i) => 100 * Math.sin((2 * Math.PI * hertz * i) / 250));
    const [out] = runInBlocks(
      options,
      250,
      ELECTRODES_19,
      ELECTRODES_19.map(() => sine),
      [],
    );
    return out!.subarray(2560).reduce((sum, value) => sum + value * value, 0) / (out!.length - 2560);
  };
  assert.ok(power(60, DEFAULT_CHAIN) < 5000 * 1e-5);
  assert.ok(Math.abs(power(60, { ...DEFAULT_CHAIN, notchHz: 50 }) / 5000 - 1) < 0.02);
  assert.ok(Math.abs(power(10, DEFAULT_CHAIN) / 5000 - 1) < 0.02);
  assert.ok(power(0.05, DEFAULT_CHAIN) < 1);
});

test("a zero-phase chain delays nothing, a causal one does", () => {
  const bump = Float32Array.from({ length: 2560 }, (_, i) => 100 * Math.exp(-(((i - 1280) / 20) ** 2)));
  const peak = (options: ChainOptions) => {
    const [out] = runInBlocks(
      options,
      256,
      ELECTRODES_19,
      ELECTRODES_19.map(() => bump),
      [],
    );
    return out!.indexOf(Math.max(...out!));
  };
  assert.equal(peak({ ...DEFAULT_CHAIN, phase: "zero" }), 1280);
  assert.notEqual(peak(DEFAULT_CHAIN), 1280);
});

test("a zero-phase chain says how short a recording it cannot filter", () => {
  const chain = createChain({ ...DEFAULT_CHAIN, phase: "zero" }, { sampleRateHz: 256, electrodes: [...ELECTRODES_19] });
  chain.push(inputsOf(20, 19));
  assert.throws(() => chain.flush(), /20 samples is too short for zero-phase filters, which need more than 21/);
});

test("a chain keeps no block: the caller may overwrite it after push", () => {
  const inputs = inputsOf(700, 19);
  const whole = runInBlocks(DEFAULT_CHAIN, 250, ELECTRODES_19, inputs, []);
  const chain = createChain(DEFAULT_CHAIN, { sampleRateHz: 250, electrodes: [...ELECTRODES_19] });
  const block = inputs.map(() => new Float32Array(100));
  const first: number[] = [];
  for (let from = 0; from < 700; from += 100) {
    for (const [e, x] of block.entries()) x.set(inputs[e]!.subarray(from, from + 100));
    first.push(...chain.push(block)[0]!);
  }
  first.push(...chain.flush()[0]!);
  assert.deepEqual(Float32Array.from(first), whole[0]);
});
