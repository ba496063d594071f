import assert from "node:assert/strict";
import { test } from "node:test";
import { fillTrainOptions } from "../../src/training/options.js";
import { explainMemory } from "../../src/training/out-of-memory.js";

const options = fillTrainOptions({
  runDir: "",
  data: { cacheDir: "" },
  model: { name: "unet" },
  batchSize: 7,
  accumulate: 2,
});

test("an error of memory says what to lower, any other stays itself", () => {
  for (const text of ["Failed to allocate memory for requested buffer", "CUDA out of memory", "std::bad_alloc"]) {
    const found = explainMemory(new Error(text), "onnx-cpu", options);
    assert.match(String(found), /not enough memory for batches of 7 windows: lower training\.batch_size from 7 to 4/);
    assert.match(String(found), new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  }
  const other = new Error("shapes do not match");
  assert.equal(explainMemory(other, "onnx-cpu", options), other);
});
