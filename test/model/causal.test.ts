import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetector, type ModelConfig } from "../../src/model/detector.js";
import { evaluation, type ForwardContext } from "../../src/model/layers.js";
import { initialValues } from "../../src/model/parameters.js";
import { tf } from "../../src/tensor/tf.js";
import { normals } from "../tensor/compare.js";

const CAUSAL: readonly ModelConfig[] = [
  {
    ...{ name: "seizure_detector", inputChannels: 3, baseChannels: 4, stages: 2, residualBlocks: 1, mambaLayers: 1 },
    ...{ stateSize: 3, headSize: 4, chunk: 4, causal: true },
  },
  {
    ...{ name: "unet", inputChannels: 3, channels: [4, 6], kernelSize: 3, stemStride: 2 },
    downsampleFactor: 2,
    causal: true,
  },
  {
    ...{ name: "eegnet", inputChannels: 3, temporalFilters: 2, temporalKernel: 8, separableKernel: 4 },
    pools: [2, 3],
    causal: true,
  },
];
const SAMPLES = 48;
const training: ForwardContext = { training: true, dropout: () => undefined, updateBuffer() {} };

for (const config of CAUSAL) {
  const detector = createDetector(config);
  const specs = [...detector.parameters, ...detector.buffers];
  const values = initialValues(specs, 4);
  const p = () => Object.fromEntries(specs.map(({ name, shape }) => [name, tf.tensor(values[name]!, [...shape])]));
  const logitsOf = (x: Float32Array) =>
    detector.forward(p(), tf.tensor(x, [x.length / (3 * SAMPLES), 3, SAMPLES]), evaluation).dataSync() as Float32Array;

  test(`${config.name}, causal: a sample changes no logit from before it by more than the declared look-ahead`, () => {
    const { outputStrideSamples: stride, lookAheadSamples = Number.NaN } = detector;
    let furthest = Number.NEGATIVE_INFINITY;
    for (const seed of [9, 10, 11, 12]) {
      const x = normals(3 * SAMPLES, seed) as Float32Array;
      const other = normals(3, seed + 10);
      const windows = new Float32Array((SAMPLES + 1) * x.length); // one unchanged, then one per changed sample
      for (let k = 0; k <= SAMPLES; k++) windows.set(x, k * x.length);
      for (let sample = 0; sample < SAMPLES; sample++)
        for (let channel = 0; channel < 3; channel++)
          windows[(sample + 1) * x.length + channel * SAMPLES + sample] = 5 * other[channel]!;
      const logits = logitsOf(windows);
      const count = SAMPLES / stride;
      for (let sample = 0; sample < SAMPLES; sample++) {
        const after = logits.subarray((sample + 1) * count, (sample + 2) * count);
        const first = after.findIndex((value, i) => value !== logits[i]);
        if (first >= 0) furthest = Math.max(furthest, sample - ((first + 1) * stride - 1));
      }
    }
    assert.equal(furthest, lookAheadSamples);
  });

  test(`${config.name}, causal: zeros in place of a window's rest leave the bits before it`, () => {
    const x = normals(3 * SAMPLES, 9) as Float32Array;
    const cut = x.map((value, i) => (i % SAMPLES < SAMPLES / 2 ? value : 0));
    const { outputStrideSamples: stride, lookAheadSamples = 0 } = detector;
    const same = Math.floor((SAMPLES / 2 - lookAheadSamples) / stride);
    assert.deepEqual(logitsOf(cut).slice(0, same), logitsOf(x).slice(0, same));
  });

  test(`${config.name}, causal: every parameter has a finite gradient, and the kind is kept in its configuration`, () => {
    const named = p();
    const names = detector.parameters.map(({ name }) => name);
    const x = tf.tensor(normals(3 * SAMPLES, 9), [1, 3, SAMPLES]);
    const loss = (...given: (typeof named)[string][]) =>
      tf.sum(
        tf.square(
          detector.forward({ ...named, ...Object.fromEntries(names.map((name, i) => [name, given[i]!])) }, x, training),
        ),
      );
    for (const gradient of tf.grads(loss)(names.map((name) => named[name]!)))
      assert.ok(gradient.dataSync().every(Number.isFinite));
    assert.equal(detector.config.name === "seizure_transformer" || detector.config.causal, true);
    const { causal: _causal, ...usual } = detector.config as Extract<ModelConfig, { name: "unet" }>;
    assert.equal(createDetector(usual).lookAheadSamples, undefined);
  });
}
