import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { openExecutor } from "../../src/tensor/open.js";
import { packageDir } from "../../src/tensor/optional.js";
import { findPublishedAddon, tensorflowWithoutGpu } from "../../src/tensor/tensorflow/backend.js";
import { type Scalar, type Tensor, type Tensor4D, tf } from "../../src/tensor/tf.js";
import { wasmMissing } from "../../src/tensor/wasm-backend.js";
import { assertTraced, float, randomFeeds, relativeError, runOnce, sharedExecutor } from "./compare.js";

test("findPublishedAddon(folder) takes the addon for the newest Node-API", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "ictal-addon-"));
  t.after(() => rmSync(dir, { recursive: true }));
  assert.equal(findPublishedAddon(dir), undefined);
  for (const entry of ["napi-v3", "napi-v8", "napi-v10", "other"])
    mkdirSync(join(dir, "lib", entry), { recursive: true });
  assert.equal(findPublishedAddon(dir), undefined);
  for (const entry of ["napi-v3", "napi-v8"]) writeFileSync(join(dir, "lib", entry, "tfjs_binding.node"), "");
  assert.equal(findPublishedAddon(dir), join(dir, "lib/napi-v8/tfjs_binding.node"));
});

test("tensorflowWithoutGpu(loaded) says why TensorFlow computes on the CPU and how to change it", () => {
  const published = { version: "2.9.1", usesGpu: false };
  const built = (wheel: string) => ({
    version: "2.21.0",
    usesGpu: false,
    build: { dir: "", wheel, version: "2.21.0", usesGpu: false, key: "" },
  });
  assert.equal(tensorflowWithoutGpu({ ...published, usesGpu: true }), undefined);
  assert.match(tensorflowWithoutGpu(published)!, /runs on the CPU because libcudart\.so\.11\.0|found no GPU/);
  assert.match(
    tensorflowWithoutGpu(built("tensorflow-cpu==2.21.0"))!,
    /on the CPU only.+--wheel 'tensorflow\[and-cuda\]'/,
  );
  assert.match(tensorflowWithoutGpu(built("tensorflow[and-cuda]==2.21.0"))!, /2\.21\.0 found no GPU.+LOG_LEVEL=0/);
});

test("packageDir(name) finds an installed package and only that", () => {
  assert.ok(packageDir("@tensorflow/tfjs")!.endsWith(join("@tensorflow", "tfjs")));
  assert.equal(packageDir("@tensorflow/no-such-package"), undefined);
});

test("wasm has the gradient of a convolution", { skip: wasmMissing() }, async () => {
  const inputs = { x: float(2, 1, 11, 3), filter: float(1, 5, 3, 4) };
  const build = ({ x, filter }: Record<string, Tensor>) => {
    const loss = (x: Tensor, w: Tensor) =>
      tf.sum(tf.square(tf.conv2d(x as Tensor4D, w as Tensor4D, [1, 2], "same"))) as Scalar;
    const [dx, dw] = tf.grads((...t: Tensor[]) => loss(t[0]!, t[1]!))([x!, filter!]);
    return { dx: dx!, dw: dw! };
  };
  const program = { name: "convolution", identity: 1, inputs, build };
  const feeds = randomFeeds(inputs);
  await assertTraced(program, feeds);
  const expected = await runOnce(await sharedExecutor("cpu"), program, feeds);
  const actual = await runOnce(await openExecutor("wasm"), program, feeds);
  for (const name of ["dx", "dw"]) assert.ok(relativeError(actual[name]!, expected[name]!) < 1e-5, name);
});
