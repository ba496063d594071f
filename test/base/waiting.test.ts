import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { onAbort } from "@ictal/base/on-abort";
import { pendingWaits, waitingFor } from "@ictal/base/pending";

test("onAbort(signal, listener) calls once, at once when the signal is aborted already, and leaves nothing behind", () => {
  const stop = new AbortController();
  let calls = 0;
  const count = () => {
    calls += 1;
  };
  const remove = onAbort(stop.signal, count);
  onAbort(stop.signal, () => assert.fail("taken off before"))();
  assert.equal(getEventListeners(stop.signal, "abort").length, 1);
  stop.abort();
  assert.equal(calls, 1);
  remove();
  assert.equal(getEventListeners(stop.signal, "abort").length, 0);
  onAbort(stop.signal, count)();
  assert.equal(calls, 2);
  onAbort(undefined, count)();
  assert.equal(calls, 2);
});

test("waitingFor(what, promise) is known until the promise is settled, either way", async () => {
  let end = () => {};
  const good = waitingFor(
    "good",
    new Promise<void>((done) => {
      end = done;
    }),
  );
  const bad = waitingFor("bad", Promise.reject(new Error("expected")));
  assert.deepEqual(pendingWaits(), ["good", "bad"]);
  await assert.rejects(bad, /expected/);
  assert.deepEqual(pendingWaits(), ["good"]);
  end();
  await good;
  assert.deepEqual(pendingWaits(), []);
});

/** How a process ends that waits for `work`, an expression. */
function endOf(work: string) {
  const at = (name: string) => fileURLToPath(new URL(`../../../kernels/base/dist/${name}.js`, import.meta.url));
  const script = `
    import { guardEnd } from ${JSON.stringify(at("end-guard"))};
    import { waitingFor } from ${JSON.stringify(at("pending"))};
    import { createProgress } from ${JSON.stringify(at("progress"))};
    const work = ${work};
    guardEnd("ictal s3 pull", work);
    await work;`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
}

test("guardEnd(verb, work) says what was waited for when nothing is left to do, and ends with 1, not 13", () => {
  const { status, stderr } = endOf(`(async () => {
    createProgress({ style: "lines", stream: { write() {} } }).update({ label: "pull", done: 3, total: 9, unit: "MB" });
    await waitingFor("the bytes of a\\u001b]0;b", new Promise(() => {}));
  })()`);
  assert.equal(status, 1);
  assert.match(stderr, /ictal s3 pull: ended in the middle/);
  assert.match(stderr, /it waited for: the bytes of a\?\]0;b/);
  assert.match(stderr, /last step: pull 3\/9 MB/);
});

test("guardEnd(verb, work) leaves the end of settled work alone", () => {
  const { status, stderr } = endOf("Promise.resolve(process.exitCode = 3)");
  assert.deepEqual([status, stderr], [3, ""]);
});
