import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { openOnnxExecutor } from "../../src/tensor/onnx-executor.js";
import type { Program } from "../../src/tensor/program.js";
import { type Tensor, tf } from "../../src/tensor/tf.js";
import { float, randomFeeds, runOnce } from "./compare.js";

/** Large enough to be kept: products with a transposed side, which the runtime fuses. */
const large: Program = {
  name: "many products",
  identity: 1,
  inputs: { x: float(8, 8), w: float(8, 8) },
  build({ x, w }) {
    let y: Tensor = x!;
    for (let i = 0; i < 300; i++) y = tf.tanh(tf.matMul(y, tf.add(w!, i / 300), false, true));
    return { y };
  },
};

test("a cached graph gives the same bits as the graph it was optimized from", async (t) => {
  const graphDir = mkdtempSync(join(tmpdir(), "ictal-graphs-"));
  t.after(() => rmSync(graphDir, { recursive: true }));
  const feeds = randomFeeds(large.inputs);
  const fresh = await runOnce(await openOnnxExecutor("onnx-cpu", { graphDir: null }), large, feeds);
  const first = await runOnce(await openOnnxExecutor("onnx-cpu", { graphDir }), large, feeds);
  const files = readdirSync(graphDir);
  assert.equal(files.length, 1);
  const second = await runOnce(await openOnnxExecutor("onnx-cpu", { graphDir }), large, feeds);
  assert.deepEqual(first, fresh);
  assert.deepEqual(second, fresh);
  assert.deepEqual(readdirSync(graphDir), files);
});

test("a damaged file of a cached graph is replaced", async (t) => {
  const graphDir = mkdtempSync(join(tmpdir(), "ictal-graphs-"));
  t.after(() => rmSync(graphDir, { recursive: true }));
  const feeds = randomFeeds(large.inputs);
  const first = await runOnce(await openOnnxExecutor("onnx-cpu", { graphDir }), large, feeds);
  const [file] = readdirSync(graphDir);
  writeFileSync(join(graphDir, file!), "no graph");
  assert.deepEqual(await runOnce(await openOnnxExecutor("onnx-cpu", { graphDir }), large, feeds), first);
  assert.deepEqual(readdirSync(graphDir), [file]);
});

test("a graph cache that cannot be written to is ignored", async () => {
  const feeds = randomFeeds(large.inputs);
  const executor = await openOnnxExecutor("onnx-cpu", { graphDir: "/dev/null/graphs" });
  assert.equal((await runOnce(executor, large, feeds)).y!.length, 64);
});
