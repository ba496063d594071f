import assert from "node:assert/strict";
import { test } from "node:test";
import { createDetector, type ModelConfig } from "../../src/model/detector.js";
import { parameterCount } from "../../src/model/parameters.js";
import { DETECTOR_NAMES } from "../../src/model/registry.js";
import { formatSummary, summarizeModel } from "../../src/model/summary.js";

test("the reference's detector has its published parameters and forward work in every part", () => {
  const summary = summarizeModel(createDetector({ name: "seizure_detector" }), 15360);
  assert.equal(summary.parameters, 32_606_439);
  assert.deepEqual([summary.inputShape, summary.outputShape], [[19, 15360], [15360]]);
  const part = Object.fromEntries(summary.parts.map((found) => [found.name, found]));
  const rows = [
    ["encoder", 3_333_184, 16.6, [960, 512]],
    ["rescnn", 4_733_952, 9.1, [960, 512]],
    ["mamba", 22_400_448, 45.2, [512, 960]],
  ] as const;
  for (const [name, parameters, gigaflops, shape] of rows) {
    assert.equal(part[name]!.parameters, parameters);
    assert.ok(Math.abs(part[name]!.flops / 1e9 - gigaflops) < 0.05, `${name}: ${part[name]!.flops}`);
    assert.deepEqual(part[name]!.outputShape, shape);
  }
  assert.equal(part.decoder!.parameters + part.detection_head!.parameters, 2_138_855);
  assert.ok(Math.abs((part.decoder!.flops + part.detection_head!.flops) / 1e9 - 11.7) < 0.05);
  assert.ok(Math.abs(summary.flops / 1e9 - 82.7) < 0.05, String(summary.flops));
  assert.match(formatSummary(summary), /total +\[15360\] +32,606,439 +82\.7 GFLOP/);
});

test("a convolution's and a product's work is two FLOPs per multiplication", () => {
  const config: ModelConfig = {
    name: "unet",
    channels: [2, 3],
    kernelSize: 3,
    stemStride: 4,
    downsampleFactor: 2,
    inputChannels: 5,
  };
  const summary = summarizeModel(createDetector(config), 80);
  const flops = Object.fromEntries(summary.parts.map((part) => [part.name, part.flops]));
  assert.deepEqual(flops, {
    stem: 2 * 20 * (5 * 4 * 2),
    encoder: 2 * (20 * (2 * 2 * 3) + 10 * (3 * 3 * 3)),
    downsample: 2 * 10 * (2 * 2 * 3),
    upsample: 2 * 10 * (3 * 2 * 2),
    decoder: 2 * 20 * (4 * 2 * 3),
    head: 2 * 20 * 2,
  });
  assert.equal(
    summary.flops,
    Object.values(flops).reduce((a, b) => a + b),
  );
});

test("a deeper summary cuts the same totals into smaller parts", () => {
  const detector = createDetector({
    name: "seizure_detector",
    baseChannels: 8,
    stages: 2,
    headSize: 8,
    mambaLayers: 1,
  });
  const [coarse, fine] = [1, 3].map((depth) => summarizeModel(detector, 256, depth)) as [
    ReturnType<typeof summarizeModel>,
    ReturnType<typeof summarizeModel>,
  ];
  assert.ok(fine.parts.length > coarse.parts.length);
  assert.deepEqual([fine.parameters, fine.flops], [coarse.parameters, coarse.flops]);
  assert.ok(fine.parts.some(({ name }) => name === "mamba.layers.0"));
});

test("every registered detector describes itself, and its parameters add up", () => {
  for (const name of DETECTOR_NAMES) {
    const detector = createDetector({ name } as ModelConfig);
    const summary = summarizeModel(detector, 15360);
    assert.equal(summary.parameters, parameterCount(detector.parameters));
    assert.equal(
      summary.parts.reduce((sum, { parameters }) => sum + parameters, 0),
      summary.parameters,
    );
    assert.ok(summary.flops > 0);
    assert.deepEqual(summary.parts.at(-1)!.outputShape, summary.outputShape);
    assert.match(detector.summary(), new RegExp(`^${name}: \\[19 x 15360\\] to `));
  }
});

test("a window that the network cannot take is refused", () => {
  assert.throws(() => createDetector({ name: "unet" }).summary(1000), /expected a multiple of 512/);
});
