import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { createPartWriters } from "../../src/store/part-writer.js";

test("what ends the thread fails whoever waits for it, and whoever asks it later", async (context) => {
  const writers = createPartWriters({ threads: 1 });
  context.after(() => writers.close());
  const { mock } = context.mock.method(Worker.prototype, "postMessage", function (this: Worker) {
    this.emit("error", new Error("out of memory"));
  });
  const put = () => writers.put("/nowhere/part", Uint8Array.of(1), { path: "/nowhere/whole" });
  await assert.rejects(put(), /^Error: out of memory$/);
  await assert.rejects(put(), /^Error: out of memory$/);
  assert.equal(mock.callCount(), 1);
});
