import assert from "node:assert/strict";
import test from "node:test";
import { createRandom } from "../../src/base/random.js";
import { type ChainOptions, createChain, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { kernelsInUse, openKernels } from "../../src/signal/choose-kernels.js";
import { EAR_ELECTRODES, ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { createMoments } from "../../src/signal/normalize.js";
import { quantizeInto } from "../../src/signal/quantize.js";

const random = createRandom(23, "kernels");
const ELECTRODES = [...ELECTRODES_19, ...EAR_ELECTRODES];

/** Noise around an offset; the last electrode is flat and one has a jump of six orders of magnitude. */
function inputsOf(count: number, electrodes: readonly string[]): Float32Array[] {
  return electrodes.map((_, e) => {
    const stream = random.stream(`input ${e}`);
    const value = (i: number) => (e === 3 && i % 997 === 0 ? 1e6 : 300 * e + 50 * stream.normal(i));
    return Float32Array.from({ length: count }, (_, i) => (e === electrodes.length - 1 ? 7 : value(i)));
  });
}

/** Everything that a chain gives, moments included, the recording cut at random positions. */
function runChain(
  options: ChainOptions,
  electrodes: readonly string[],
  sampleRateHz: number,
  kernels: "wasm" | "typescript",
  seed: number,
) {
  const inputs = inputsOf(Math.round(4.3 * sampleRateHz), electrodes);
  const chain = createChain(options, { sampleRateHz, electrodes, kernels });
  const own = createMoments(chain.channelNames.length);
  const parts: Float32Array[][] = [];
  for (let from = 0, n = 0; from < inputs[0]!.length; n++) {
    const to = from + random.stream(`cut ${seed}`).integer(n, n % 3 === 0 ? 5 : 1500);
    parts.push(chain.push(inputs.map((input) => input.subarray(from, to))));
    from = to;
  }
  parts.push(chain.flush());
  for (const part of parts) own.push(part);
  assert.deepEqual(chain.moments(), own.result(), "the chain's moments are those of its samples");
  return {
    samples: chain.channelNames.map((_, c) => Float32Array.from(parts.flatMap((part) => [...part[c]!]))),
    moments: chain.moments(),
  };
}

test("the WebAssembly kernels are compiled and used", () => {
  assert.deepEqual(kernelsInUse(), { name: "wasm", reason: "" });
});

const VARIANTS: [string, Partial<ChainOptions>, readonly string[]][] = [
  ["the default chain", {}, ELECTRODES],
  ["an average reference", { reference: "average" }, ELECTRODES],
  ["tcp22, five sections and no notch", { reference: "tcp22", filterOrder: 5, notchHz: null }, ELECTRODES],
  ["interpolated Fz and Pz", { filterOrder: 1 }, ELECTRODES.filter((name) => name !== "FZ" && name !== "PZ")],
  ["zero phase, tcp22", { phase: "zero", reference: "tcp22" }, ELECTRODES],
  ["the reference preset", { resample: REFERENCE_CHAIN.resample }, ELECTRODES],
  [
    "tcp20, an average of interpolated electrodes",
    { reference: "tcp20", filterOrder: 8 },
    ELECTRODES.filter((name) => name !== "CZ"),
  ],
];

for (const [name, options, electrodes] of VARIANTS) {
  test(`WebAssembly and TypeScript give the same bits for ${name}, cut differently`, () => {
    for (const [seed, rate] of [250, 256, 400, 512, 199].entries()) {
      const chain = { ...DEFAULT_CHAIN, highCutHz: 90, ...options };
      const wasm = runChain(chain, electrodes, rate, "wasm", seed);
      const reference = runChain(chain, electrodes, rate, "typescript", seed + 100);
      assert.deepEqual(wasm.moments, reference.moments, `${rate} Hz`);
      for (const [c, samples] of wasm.samples.entries())
        assert.ok(
          Buffer.from(samples.buffer).equals(Buffer.from(reference.samples[c]!.buffer)),
          `${rate} Hz, channel ${c}`,
        );
    }
  });
}

test("chains that run at the same time do not disturb each other, and released memory is used again", () => {
  const alone = runChain(DEFAULT_CHAIN, ELECTRODES, 250, "wasm", 1).samples[5]!;
  const inputs = inputsOf(1075, ELECTRODES);
  const chains = [250, 400, 250].map((sampleRateHz) =>
    createChain(DEFAULT_CHAIN, { sampleRateHz, electrodes: ELECTRODES, kernels: "wasm" }),
  );
  const parts = chains.map(() => [] as number[]);
  for (let from = 0; from < 1075; from += 100)
    for (const [k, chain] of chains.entries())
      parts[k]!.push(...chain.push(inputs.map((input) => input.subarray(from, from + 100)))[5]!);
  for (const [k, chain] of chains.entries()) parts[k]!.push(...chain.flush()[5]!);
  assert.deepEqual(Float32Array.from(parts[0]!), alone);
  assert.deepEqual(Float32Array.from(parts[2]!), alone);
  assert.deepEqual(runChain(DEFAULT_CHAIN, ELECTRODES, 250, "wasm", 2).samples[5], alone);
});

test("quantizeInto gives the same int16 by WebAssembly and TypeScript, halves up, clipped", () => {
  const stream = random.stream("quantize");
  const x = Float32Array.from({ length: 10_003 }, (_, i) => 40 * stream.normal(i));
  x.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30, 0]);
  for (const clip of [10, 3]) {
    const [wasm, reference] = (["wasm", "typescript"] as const).map((name) => {
      const out = new Int16Array(x.length);
      quantizeInto(out, x, { mean: 1.25, std: 17, clip }, 32767 / 10, name);
      return out;
    });
    assert.deepEqual(wasm, reference);
    assert.deepEqual(
      [...wasm!.subarray(0, 4)],
      [-Math.round(3276.7 * clip), Math.round(3276.7 * clip), -Math.round(3276.7 * clip), Math.round(3276.7 * clip)],
    );
  }
  const halves = Float32Array.of(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997);
  for (const name of ["wasm", "typescript"] as const) {
    const out = new Int16Array(halves.length);
    quantizeInto(out, halves, { mean: 0, std: 1 - 1e-8, clip: 10 }, 1, name);
    assert.deepEqual(
      [...out],
      [...halves].map(Math.round).map((value) => value + 0),
      name,
    );
  }
});

test("quantizeInto rounds as Math.round does next to the halves of the cache's scale", () => {
  const gain = 32767 / 10;
  const bits = new Int32Array(1);
  const value = new Float32Array(bits.buffer);
  for (let half = -40.5; half <= 40.5; half++) {
    value[0] = half / gain;
    const around = Float32Array.from({ length: 9 }, (_, n) => {
      const other = new Int32Array([bits[0]! + n - 4]);
      return new Float32Array(other.buffer)[0]!;
    });
    const out = new Int16Array(9);
    quantizeInto(out, around, { mean: 0, std: 1 - 1e-8, clip: 10 }, gain);
    for (const [n, code] of out.entries()) assert.equal(code, Math.round(around[n]! * gain) + 0, `${half} ${n}`);
  }
});

test("kernels refuse more memory than was asked for", () => {
  const kernels = openKernels(1000, "wasm");
  kernels.float64(60);
  assert.throws(() => kernels.float64(80), /invalid kernel memory: 1000 bytes, 1120 asked for/);
  kernels.release();
});
