import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetector, logitCount, type ModelConfig } from "../../src/model/detector.js";
import { convolutionSpecs, initialValues, parameterCount } from "../../src/model/parameters.js";
import { formatSummary, summarize } from "../../src/model/summary.js";

test("the reference's detector has 32,606,439 parameters, in its published parts", () => {
  const summary = summarize(createDetector({ name: "seizure_detector" }), 15360);
  assert.equal(summary.parameters, 32_606_439);
  const parts = Object.fromEntries(summary.parts.map(({ name, parameters }) => [name, parameters]));
  assert.equal(parts.encoder, 3_333_184);
  assert.equal(parts.rescnn, 4_733_952);
  assert.equal(parts.mamba, 22_400_448);
  assert.equal(parts.decoder! + parts.detection_head!, 2_138_855);
  assert.deepEqual(summary.inputShape, [19, 15360]);
  assert.deepEqual(summary.outputShape, [15360]);
  assert.match(formatSummary(summary), /total +32,606,439/);
});

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

test("convolutions start within 1/sqrt(fan-in), the reference's by fan-out, Mamba's steps between 1e-4 and 1e-1", () => {
  const wide = initialValues(convolutionSpecs("a", { inputs: 16, outputs: 64, kernel: 5 }), 3)["a.weight"]!;
  const bound = 1 / Math.sqrt(80);
  assert.ok(wide.every((value) => Math.abs(value) <= bound));
  assert.ok(wide.some((value) => Math.abs(value) > 0.99 * bound));
  const normal = initialValues(
    convolutionSpecs("a", { inputs: 16, outputs: 64, kernel: 5, start: "fan-out-normal" }),
    3,
  )["a.weight"]!;
  const deviation = Math.sqrt(normal.reduce((sum, value) => sum + value * value, 0) / normal.length);
  assert.ok(Math.abs(deviation / Math.sqrt(2 / 320) - 1) < 0.03);
  const detector = createDetector({
    name: "seizure_detector",
    baseChannels: 8,
    stages: 2,
    headSize: 8,
    mambaLayers: 1,
  });
  const values = initialValues(detector.parameters, 5);
  const steps = values["mamba.layers.0.forward_mamba_real.dt_bias"]!.map((value) => Math.log1p(Math.exp(value)));
  assert.ok(steps.every((step) => step >= 0.99e-4 && step <= 0.101));
  const decays = values["mamba.layers.0.forward_mamba_real.A_log"]!.map((value) => Math.exp(value));
  assert.ok(decays.every((decay) => decay >= 0.999 && decay <= 16.001));
});

test("impossible configurations name the key, the value and what is allowed", () => {
  const wrong: [ModelConfig, RegExp][] = [
    [{ name: "unet", channels: [4] }, /channels.*at least two stages/],
    [{ name: "unet", kernelSize: 4 }, /kernelSize: 4; expected an odd number/],
    [
      { name: "unet", outputStrideSamples: 48 },
      /outputStrideSamples: 48; expected a divisor of 8 or one of 8, 32, 128, 512/,
    ],
    [{ name: "unet", dropout: 1 }, /dropout: 1/],
    [{ name: "seizure_detector", headSize: 60 }, /headSize: 60; expected a divisor of 1024/],
    [{ name: "seizure_detector", mambaConvolution: 5 }, /mambaConvolution: 5; expected 2, 3 or 4/],
    [{ name: "resnet" } as unknown as ModelConfig, /unknown model.name: resnet; known are unet, seizure_detector/],
  ];
  for (const [config, message] of wrong) assert.throws(() => createDetector(config), { name: "ConfigError", message });
  assert.throws(() => logitCount(createDetector({ name: "unet" }), 1000), /expected a multiple of 512/);
});
