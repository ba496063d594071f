import assert from "node:assert/strict";
import { test } from "node:test";
import { createReceipt } from "../../src/training/receipt.js";

const fields = {
  seed: 1,
  configHash: "c",
  corpusFingerprint: "f",
  cacheKey: "k",
  executor: "wasm",
  results: {},
  rebuiltRecordings: 0,
};

test("createReceipt stores a metric that is NaN as null, its n/a, and refuses an infinite one", () => {
  assert.deepEqual(createReceipt({ ...fields, metrics: { auroc: Number.NaN, f1: 0.5 } }).metrics, {
    auroc: null,
    f1: 0.5,
  });
  const metrics = { loss: Number.NEGATIVE_INFINITY };
  assert.throws(() => createReceipt({ ...fields, metrics }), /RangeError: invalid metrics\.loss: -Infinity/);
});
