import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { mapConcurrent } from "../../src/base/concurrent.js";

test("mapConcurrent keeps the order of the items and never runs more than its limit at a time", async () => {
  let running = 0;
  let most = 0;
  const doubled = await mapConcurrent([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await pause(item);
    running -= 1;
    return 2 * item;
  });
  assert.deepEqual(doubled, [10, 2, 8, 4, 6]);
  assert.equal(most, 2);
});

test("mapConcurrent throws the first error after everything it started has ended, and starts nothing more", async () => {
  const started: number[] = [];
  let ended = 0;
  const work = async (item: number) => {
    started.push(item);
    await pause(item === 0 ? 1 : 10);
    ended += 1;
    if (item === 0) throw new Error("item 0");
  };
  await assert.rejects(mapConcurrent([0, 1, 2, 3], 2, work), /item 0/);
  assert.deepEqual(started, [0, 1]);
  assert.equal(ended, 2);
});

test("mapConcurrent stops at its signal with the signal's reason", async () => {
  const controller = new AbortController();
  const seen: number[] = [];
  const work = async (item: number) => {
    seen.push(item);
    if (item === 1) controller.abort(new Error("enough"));
  };
  await assert.rejects(mapConcurrent([0, 1, 2, 3], 1, work, controller.signal), /enough/);
  assert.deepEqual(seen, [0, 1]);
});
