import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { chooseExecutor, DEVICES, type ExecutorProbe, openExecutor, probeExecutors } from "../../src/tensor/open.js";
import { hasSharedLibrary } from "../../src/tensor/optional.js";
import { EXECUTOR_NAMES, type ExecutorName } from "../../src/tensor/program.js";

const source = new URL("../../src/tensor/", import.meta.url);

/** What a fresh process prints; the last line of it as JSON. */
function inFreshProcess(script: string): unknown {
  const text = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return JSON.parse(text);
}

function probe(name: ExecutorName, available: boolean, reason = ""): ExecutorProbe {
  return { name, available, reason, gradientError: 1e-6, stepMilliseconds: 1 };
}

test("probeExecutors() reports every executor, with a sound gradient or a reason and how to get it", async () => {
  const probes = await probeExecutors();
  assert.deepEqual(
    probes.map(({ name }) => name),
    [...EXECUTOR_NAMES],
  );
  for (const { name, available, reason, gradientError, stepMilliseconds } of probes) {
    if (available) assert.ok(gradientError < 1e-4 && stepMilliseconds > 0, name);
    else assert.ok(reason.length > 20, `${name}: ${reason}`);
  }
  for (const name of ["cpu", "onnx-cpu"]) assert.ok(probes.find((found) => found.name === name)!.available, name);
});

test("an executor says whether it computes on a GPU, whatever its name", async () => {
  const expected = { "onnx-cuda": true, "onnx-webgpu": undefined, "onnx-cpu": false, wasm: false, cpu: false };
  for (const { name, available, usesGpu, reason } of await probeExecutors()) {
    if (!available) assert.equal(usesGpu, undefined, name);
    else if (name === "tensorflow" || name === "webgpu") assert.equal(usesGpu, reason === "", reason);
    else assert.equal(usesGpu, expected[name], name);
  }
  const executor = await openExecutor("cpu");
  assert.equal(executor.usesGpu, false);
  await executor.dispose();
});

test("chooseExecutor(probes) prefers a GPU, then onnx-cpu, and never chooses cpu or wasm", () => {
  const slow = [probe("wasm", true), probe("cpu", true)];
  assert.equal(chooseExecutor(slow), undefined);
  assert.equal(chooseExecutor([...slow, probe("onnx-cpu", true)]), "onnx-cpu");
  assert.equal(chooseExecutor([...slow, probe("onnx-cpu", true), probe("webgpu", true)]), "webgpu");
  assert.equal(
    chooseExecutor([probe("onnx-cpu", true), probe("tensorflow", true), probe("onnx-cuda", false, "none")]),
    "tensorflow",
  );
  for (const name of ["tensorflow", "webgpu"] as const) {
    assert.equal(chooseExecutor([probe("onnx-cpu", true), probe(name, true, "computes on the CPU")]), "onnx-cpu");
  }
});

test('openExecutor("auto") reports in one line what it chose and why others were skipped', async () => {
  const executor = await openExecutor("auto");
  assert.ok(!executor.choice.includes("\n"));
  assert.ok(executor.choice.startsWith(executor.name));
  if (executor.name === "onnx-cpu")
    assert.match(executor.choice, /skipped: onnx-cuda \(.+\), tensorflow \(.+\), webgpu \(.+\)$/);
  await executor.dispose();
});

test("openExecutor(name) refuses an executor that this machine lacks and explains how to get it", async () => {
  const probes = await probeExecutors();
  for (const { name } of probes.filter(({ available }) => !available)) {
    await assert.rejects(
      openExecutor(name),
      (error) => isIctalError(error, "UnsupportedError") && error.message.includes(`device ${name} `),
      name,
    );
  }
  if (!probes.some(({ name, available }) => available && ["onnx-cuda", "tensorflow"].includes(name))) {
    await assert.rejects(
      openExecutor("cuda"),
      /no executor for device cuda works here:\n {2}onnx-cuda: .+\n {2}tensorflow: /,
    );
  }
});

test("openExecutor(name) refuses an unknown name with the allowed ones and the nearest", async () => {
  await assert.rejects(openExecutor("onx-cpu"), (error) => {
    assert.ok(isIctalError(error, "ConfigError"));
    assert.equal(error.details.nearest, "onnx-cpu");
    assert.equal(error.details.allowed, DEVICES.join(", "));
    assert.match(error.message, /unknown device "onx-cpu", did you mean onnx-cpu\? allowed: auto, cuda/);
    return true;
  });
});

test("importing the module of executors loads neither tensorflow.js nor onnxruntime", () => {
  const script = `
    import { createRequire } from "node:module";
    for (const name of ["open", "ops", "trace", "tf", "kernels"]) await import(new URL(name + ".js", ${JSON.stringify(source.href)}));
    const cached = Object.keys(createRequire(import.meta.url).cache);
    console.log(JSON.stringify(cached.filter((path) => /tensorflow|onnxruntime/.test(path))));`;
  assert.deepEqual(inFreshProcess(script), []);
});

test("danfojs and this module share one engine, and tensorflow.js prints no greeting", () => {
  const script = `
    import { createRequire } from "node:module";
    const require = createRequire(${JSON.stringify(import.meta.url)});
    const { tf } = await import(new URL("tf.js", ${JSON.stringify(source.href)}));
    const said = [];
    for (const level of ["log", "warn", "info", "error"]) { const write = console[level]; console[level] = (...text) => said.push(text.join(" ")); if (level === "log") globalThis.print = write; }
    const sum = tf.sum(tf.tensor([1, 2])).dataSync()[0];
    const danfo = require("danfojs-node");
    const frame = new danfo.DataFrame([[1, 2]]);
    const shared = danfo.tensorflow.engine() === tf.engine() && frame.tensor instanceof tf.Tensor;
    print(JSON.stringify({ sum, shared, backend: tf.getBackend(), said: said.filter((text) => !/already registered/.test(text)) }));`;
  assert.deepEqual(inFreshProcess(script), { sum: 3, shared: true, backend: "cpu", said: [] });
});

test("hasSharedLibrary(name) tells a library of the system from one that is none", {
  skip: process.platform !== "linux" && "needs Linux",
}, () => {
  assert.equal(hasSharedLibrary("libc.so.6"), true);
  assert.equal(hasSharedLibrary("libno-such-library.so.1"), false);
});
