import assert from "node:assert/strict";
import { test } from "node:test";
import { trainingEnvironment } from "../../src/training/child-environment.js";

test("a training process keeps its memory from step to step, unless the caller's environment sets otherwise", (context) => {
  const name = "MALLOC_TRIM_THRESHOLD_";
  const before = process.env[name];
  context.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
  delete process.env[name];
  assert.equal(trainingEnvironment()[name], String(2 ** 30));
  assert.equal(trainingEnvironment().PATH, process.env.PATH);
  process.env[name] = "131072";
  assert.equal(trainingEnvironment()[name], "131072");
});
