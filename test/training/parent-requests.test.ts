import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { type FromChild, storeError } from "../../src/training/messages.js";
import { createParentRequests } from "../../src/training/parent-requests.js";

test("sixty validations leave no listener on the signal of the training", async () => {
  const stop = new AbortController();
  const told: FromChild[] = [];
  const requests = createParentRequests(stop.signal, (message) => void told.push(message));
  for (let round = 0; round < 60; round++) {
    const validating = Promise.resolve(requests.validate([]));
    assert.equal(getEventListeners(stop.signal, "abort").length, 1);
    const { request } = told.at(-1) as Extract<FromChild, { type: "validate" }>; // the last one told
    if (round % 2 === 0) requests.answer({ type: "validated", request, metrics: { f1: round } });
    else requests.answer({ type: "not-validated", request, error: storeError(new Error(`round ${round}`)) });
    if (round % 2 === 0) assert.deepEqual(await validating, { f1: round });
    else await assert.rejects(validating, new RegExp(`round ${round}`));
  }
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  const open = Promise.resolve(requests.validate([]));
  stop.abort(new Error("stopped"));
  await assert.rejects(open, /stopped/);
});
