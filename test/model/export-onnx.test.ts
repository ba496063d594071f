import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { createDetector, type ModelConfig } from "../../src/model/detector.js";
import { exportOnnx } from "../../src/model/export-onnx.js";
import { loadSafetensors } from "../../src/model/safetensors.js";
import { detectorValues } from "../../src/model/weights.js";
import { relativeError } from "../tensor/compare.js";

const folder = new URL("../../../test/fixtures/model/", import.meta.url);
const stored = JSON.parse(readFileSync(new URL("detector.json", folder), "utf8")) as {
  config: ModelConfig;
  batch: number;
  length: number;
  evaluation: number[];
};
const detector = createDetector({ ...stored.config, name: "seizure_detector" } as ModelConfig);
const path = new URL("detector.safetensors", folder).pathname;

/** The generator of test/reference/detector.py. */
function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

test("an exported file run alone in ONNX Runtime gives PyTorch's probabilities", async () => {
  const values = detectorValues(detector, await loadSafetensors(path), path);
  const { batch, length } = stored;
  const bytes = exportOnnx(detector, values, { sampleCount: length, batchSize: batch });
  const { default: ort } = (await import("onnxruntime-node")) as unknown as {
    default: typeof import("onnxruntime-node");
  };
  const session = await ort.InferenceSession.create(bytes);
  assert.deepEqual([session.inputNames, session.outputNames], [["x"], ["probability"]]);
  const x = new ort.Tensor("float32", noise(batch * 19 * length, 1000), [batch, 19, length]);
  const { probability } = await session.run({ x });
  const expected = stored.evaluation.map((logit) => 1 / (1 + Math.exp(-logit)));
  assert.deepEqual(probability!.dims, [batch, length]);
  assert.ok(relativeError(probability!.data as Float32Array, expected) < 1e-5);
  await session.release();
});

test("an array that is missing or of another size is named", async () => {
  const values = detectorValues(detector, await loadSafetensors(path), path);
  const name = detector.parameters[0]!.name;
  const { [name]: _, ...rest } = values;
  const options = { sampleCount: stored.length };
  const isNamed = (error: unknown) => isIctalError(error) && error.message.includes(`${name} has`);
  assert.throws(() => exportOnnx(detector, rest, options), isNamed);
  assert.throws(() => exportOnnx(detector, { ...values, [name]: new Float32Array(3) }, options), isNamed);
});

test("a length that the detector cannot take is refused", async () => {
  const values = detectorValues(detector, await loadSafetensors(path), path);
  assert.throws(() => exportOnnx(detector, values, { sampleCount: 7 }), /expected a multiple of/);
});
