import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetector, logitCount, type ModelConfig } from "../../src/model/detector.js";
import { convolutionSpecs, initialValues, parameterCount } from "../../src/model/parameters.js";

test("the U-Net's parameters follow from its channels", () => {
  const config: ModelConfig = {
    name: "unet",
    channels: [2, 3],
    kernelSize: 3,
    stemStride: 4,
    downsampleFactor: 2,
    inputChannels: 5,
  };
  const detector = createDetector(config);
  const stem = 5 * 2 * 4 + 2 * 2;
  const down = 2 * 3 * 2 + 2 * 3;
  const encoder = 2 * 2 * 3 + 2 * 2 + (3 * 3 * 3 + 2 * 3);
  const up = 3 * 2 * 2 + 2;
  const decoder = 4 * 2 * 3 + 2 * 2;
  assert.equal(parameterCount(detector.parameters), stem + down + encoder + up + decoder + 2 + 1);
  assert.equal(detector.outputStrideSamples, 4);
  assert.equal(logitCount(detector, 80), 20);
});

test("every name occurs once and every buffer belongs to a batch norm", () => {
  for (const config of [{ name: "unet" }, { name: "seizure_detector" }] as const) {
    const { parameters, buffers } = createDetector(config);
    const names = [...parameters, ...buffers].map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name } of buffers) assert.match(name, /\.running_(mean|var)$/);
  }
});

test("a parameter's start depends on seed and name alone", () => {
  const one = convolutionSpecs("a", { inputs: 3, outputs: 4, kernel: 5 });
  const both = [...convolutionSpecs("b", { inputs: 2, outputs: 2, kernel: 3 }), ...one];
  assert.deepEqual(initialValues(one, 1)["a.weight"], initialValues(both, 1)["a.weight"]);
  assert.notDeepEqual(initialValues(one, 1)["a.weight"], initialValues(one, 2)["a.weight"]);
});

test("convolutions start within 1/sqrt(fan-in), Mamba's steps between 1e-4 and 1e-1", () => {
  const wide = initialValues(convolutionSpecs("a", { inputs: 16, outputs: 64, kernel: 5 }), 3)["a.weight"]!;
  const bound = 1 / Math.sqrt(80);
  assert.ok(wide.every((value) => Math.abs(value) <= bound));
  assert.ok(wide.some((value) => Math.abs(value) > 0.99 * bound));
  const detector = createDetector({
    name: "seizure_detector",
    baseChannels: 8,
    stages: 2,
    headSize: 8,
    mambaLayers: 1,
  });
  const values = initialValues(detector.parameters, 5);
  assert.ok(values["encoder.input_conv.conv.weight"]!.every((value) => Math.abs(value) <= 1 / Math.sqrt(19 * 7)));
  const steps = values["mamba.layers.0.forward_mamba_real.dt_bias"]!.map((value) => Math.log1p(Math.exp(value)));
  assert.ok(steps.every((step) => step >= 0.99e-4 && step <= 0.101));
  const decays = values["mamba.layers.0.forward_mamba_real.A_log"]!.map((value) => Math.exp(value));
  assert.ok(decays.every((decay) => decay >= 0.999 && decay <= 16.001));
});

test("the reference's start overwrites convolutions, Mamba's too, by fan-out and linear layers by both fans", () => {
  const shape = { name: "seizure_detector", baseChannels: 32, stages: 2, mambaLayers: 1 } as const;
  const detector = createDetector({ ...shape, initialization: "reference" });
  const values = initialValues(detector.parameters, 3);
  const deviation = (name: string) => {
    const array = values[name]!;
    return Math.sqrt(array.reduce((sum, value) => sum + value * value, 0) / array.length);
  };
  const block = "mamba.layers.0.forward_mamba_real";
  const expected: Record<string, number> = {
    "encoder.encoder_blocks.1.1.conv.weight": Math.sqrt(2 / (64 * 5)),
    "decoder.upsample.0.weight": Math.sqrt(2 / (64 * 2)), // PyTorch takes the first axis for the outputs
    [`${block}.conv1d.weight`]: Math.sqrt(2 / ((128 + 2 * 16) * 4)),
    [`${block}.in_proj.weight`]: Math.sqrt(2 / (64 + 2 * 128 + 2 * 16 + 2)),
    [`${block}.conv1d.bias`]: 0,
    "detection_head.bias": 0,
  };
  for (const [name, value] of Object.entries(expected))
    assert.ok(Math.abs(deviation(name) - value) <= 0.06 * value, `${name}: ${deviation(name)} for ${value}`);
  const own = initialValues(createDetector(shape).parameters, 3);
  for (const part of ["dt_bias", "A_log", "D"]) assert.deepEqual(values[`${block}.${part}`], own[`${block}.${part}`]);
});

test("impossible configurations name the key, the value and what is allowed", () => {
  const wrong: [ModelConfig, RegExp][] = [
    [{ name: "unet", channels: [4] }, /channels.*at least 2 whole numbers/],
    [{ name: "unet", kernelSize: 4 }, /kernelSize: 4; expected an odd number/],
    [
      { name: "unet", outputStrideSamples: 48 },
      /outputStrideSamples: 48; expected a divisor of 8 or one of 8, 32, 128, 512/,
    ],
    [{ name: "unet", dropout: 1 }, /dropout: 1/],
    [{ name: "seizure_detector", residualKernels: [3, 4] }, /residualKernels: 4; expected an odd number/],
    [{ name: "seizure_detector", stages: 0 }, /stages: 0; expected a whole number of at least 1/],
    [{ name: "seizure_detector", headSize: 60 }, /headSize: 60; expected a divisor of 1024/],
    [{ name: "seizure_detector", mambaConvolution: 5 }, /mambaConvolution: 5; expected 2, 3 or 4/],
    [{ name: "resnet" } as unknown as ModelConfig, /unknown model.name: resnet; known are .*unet/],
  ];
  for (const [config, message] of wrong) assert.throws(() => createDetector(config), { name: "ConfigError", message });
  assert.throws(() => logitCount(createDetector({ name: "unet" }), 1000), /expected a multiple of 512/);
});
