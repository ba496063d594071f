import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetector, logitCount, type ModelConfig } from "../../src/model/detector.js";
import { exportOnnx } from "../../src/model/export-onnx.js";
import { evaluation, type ForwardContext } from "../../src/model/layers.js";
import { initialValues, parameterCount } from "../../src/model/parameters.js";
import { DETECTOR_NAMES } from "../../src/model/registry.js";
import { type Tensor, tf } from "../../src/tensor/tf.js";
import { normals, relativeError } from "../tensor/compare.js";

/** A small instance of every registered detector, with the window that it is tried on. */
const SMALL: readonly { config: ModelConfig; samples: number; parameters: number }[] = [
  {
    config: {
      name: "seizure_detector",
      inputChannels: 3,
      baseChannels: 4,
      stages: 2,
      residualBlocks: 1,
      mambaLayers: 1,
      stateSize: 3,
      headSize: 4,
      chunk: 4,
    },
    samples: 24,
    parameters: 3531,
  },
  {
    config: { name: "unet", inputChannels: 3, channels: [4, 6], kernelSize: 3, stemStride: 2, downsampleFactor: 2 },
    samples: 24,
    parameters: 429,
  },
  {
    config: {
      name: "eegnet",
      inputChannels: 3,
      temporalFilters: 2,
      temporalKernel: 8,
      separableKernel: 4,
      pools: [2, 3],
    },
    samples: 24,
    parameters: 117,
  },
  {
    config: {
      name: "seizure_transformer",
      inputChannels: 3,
      channels: [4, 6],
      kernels: [5, 3],
      decoderKernels: [3, 3],
      residualKernels: [3, 2],
      layers: 1,
      heads: 2,
      feedForward: 8,
      headKernel: 3,
    },
    samples: 24,
    parameters: 1079,
  },
];

const BATCH = 2;
const training: ForwardContext = { training: true, dropout: () => undefined, updateBuffer() {} };

test("every registered detector has a small instance here", () => {
  assert.deepEqual(SMALL.map(({ config }) => config.name).sort(), [...DETECTOR_NAMES].sort());
});

for (const { config, samples, parameters } of SMALL) {
  const detector = createDetector(config);
  const specs = [...detector.parameters, ...detector.buffers];
  const values = initialValues(specs, 4);
  const bound = () => Object.fromEntries(specs.map(({ name, shape }) => [name, tf.tensor(values[name]!, [...shape])]));
  const x = () => tf.tensor(normals(BATCH * 3 * samples, 9), [BATCH, 3, samples]);

  test(`${config.name}: logits for every stretch of its stride, and its parameters by count`, () => {
    assert.equal(parameterCount(detector.parameters), parameters);
    for (const factor of [1, 2]) {
      const length = samples * factor;
      const logits = detector.forward(bound(), tf.zeros([BATCH, 3, length]), evaluation);
      assert.deepEqual(logits.shape, [BATCH, logitCount(detector, length)]);
    }
    assert.equal(createDetector(detector.config).config.name, config.name);
    assert.deepEqual(createDetector(detector.config).config, detector.config);
  });

  test(`${config.name}: every parameter has the gradient that differences give`, () => {
    const p = bound();
    const names = detector.parameters.map(({ name }) => name);
    const wave = tf.tensor(normals(BATCH * logitCount(detector, samples), 3), [BATCH, logitCount(detector, samples)]);
    const loss = (...given: Tensor[]) => {
      const named = { ...p, ...Object.fromEntries(names.map((name, i) => [name, given[i]!])) };
      return tf.sum(tf.mul(detector.forward(named, x(), training), wave));
    };
    const tensors = names.map((name) => p[name]!);
    const gradients = tf.grads(loss)(tensors);
    const lengths = gradients.map((gradient) => tf.norm(gradient).dataSync()[0]!);
    const greatest = Math.max(...lengths);
    names.forEach((name, at) => {
      const direction = tf.div(gradients[at]!, Math.max(lengths[at]!, 1e-12));
      const moved = (by: number) => {
        const other = tf.add(tensors[at]!, tf.mul(direction, by));
        return loss(...tensors.map((tensor, j) => (j === at ? other : tensor))).dataSync()[0]!;
      };
      const h = 1e-3; // short, since rectifiers have corners
      const difference = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h);
      const error = Math.abs(difference - lengths[at]!);
      assert.ok(error < 0.06 * lengths[at]! + 3e-3 * greatest, `${name}: ${lengths[at]} but ${difference}`);
    });
  });

  test(`${config.name}: its exported file run alone in ONNX Runtime gives the same probabilities`, async () => {
    const expected = tf.sigmoid(detector.forward(bound(), x(), evaluation)).dataSync();
    const bytes = exportOnnx(detector, values, { sampleCount: samples, batchSize: BATCH });
    const { default: ort } = (await import("onnxruntime-node")) as unknown as {
      default: typeof import("onnxruntime-node");
    };
    const session = await ort.InferenceSession.create(bytes);
    const input = new ort.Tensor("float32", normals(BATCH * 3 * samples, 9), [BATCH, 3, samples]);
    const { probability } = await session.run({ x: input });
    assert.ok(relativeError(probability!.data as Float32Array, expected) < 1e-5);
    await session.release();
  });

  test(`${config.name}: every dropout site is asked for by name with the shape that it declares`, () => {
    const asked = new Map<string, readonly number[]>();
    const context: ForwardContext = {
      ...training,
      dropout: (name, shape) => {
        asked.set(name, shape);
        return undefined;
      },
    };
    detector.forward(bound(), x(), context);
    assert.ok(detector.dropouts.length > 0);
    const declared = detector.dropouts.map(({ name, shape }) => [name, shape(BATCH, samples)] as const);
    assert.deepEqual(new Map(declared), asked);
  });
}

test("impossible sizes of the other detectors name the key, the value and what is allowed", () => {
  const wrong: [ModelConfig, RegExp][] = [
    [{ name: "eegnet", pools: [8] }, /eegnet pools: \[8\]; expected 2 whole numbers/],
    [{ name: "eegnet", headKernel: 4 }, /headKernel: 4; expected an odd number/],
    [{ name: "eegnet", depth: 0 }, /depth: 0; expected a whole number of at least 1/],
    [{ name: "eegnet", dropout: 1 }, /dropout: 1; expected a number from 0 to below 1/],
    [{ name: "seizure_transformer", heads: 3 }, /heads: 3; expected a divisor of 512/],
    [{ name: "seizure_transformer", channels: [4, 5] }, /kernels: .*; expected 2 whole numbers/],
    [{ name: "seizure_transformer", kernels: [11, 9, 7, 7, 4] }, /kernels: 4; expected an odd number/],
    [{ name: "seizure_transformer", layers: -1 }, /layers: -1; expected a whole number of at least 0/],
  ];
  for (const [config, message] of wrong) assert.throws(() => createDetector(config), { name: "ConfigError", message });
});
