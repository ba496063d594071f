import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DISPLAY, type DisplayChannel, display, liveDisplay } from "../src/display.js";
import type { Output } from "../src/notebook/notebook-file.js";
import { OutputCollector } from "../src/runner/outputs.js";
import { createMessage, type Message } from "../src/wire/message.js";

const CHANNEL = Symbol.for("ictal.display-channel");
const host = globalThis as { [CHANNEL]?: DisplayChannel };

/** A kernel's channel whose messages go to the runner's collector, as over the wire. */
function connect() {
  const outputs: Output[] = [];
  const collector = new OutputCollector();
  const pending = new Set<() => void | Promise<void>>();
  const count = { messages: 0 };
  host[CHANNEL] = {
    pending,
    send(content, update) {
      count.messages += 1;
      const message = createMessage(update ? "update_display_data" : "display_data", content, { session: "test" });
      collector.apply(outputs, message as unknown as Message); // the collector takes messages of any type
    },
  };
  const endCell = () => Promise.all([...pending].map((settle) => settle()));
  return { outputs, count, pending, endCell };
}

const texts = (outputs: readonly Output[]) =>
  outputs.map((output) => ("data" in output ? output.data["text/plain"] : undefined));

afterEach(() => {
  delete host[CHANNEL];
});

test("a thousand updates a second change one output in place, ten times a second, and the last one stays", async () => {
  const { outputs, count, pending, endCell } = connect();
  const handle = liveDisplay("0");
  const started = performance.now();
  for (let i = 1; i <= 1000; i++) {
    handle.update(String(i));
    if (i % 5 === 0) await sleep(1);
  }
  await endCell();
  assert.deepEqual(texts(outputs), ["1000"]);
  const tenths = (performance.now() - started) / 100; // a busy machine takes longer for the updates
  assert.ok(count.messages <= Math.max(20, tenths + 2), `${count.messages} messages`);
  assert.equal(pending.size, 0);
});

test("an update that no cell's end flushes comes a moment later", async () => {
  const { outputs } = connect();
  const handle = liveDisplay("a");
  for (const text of ["b", "c", "d"]) handle.update(text);
  assert.deepEqual(texts(outputs), ["b"]);
  await sleep(200);
  assert.deepEqual(texts(outputs), ["d"]);
});

test("a bundle that comes later than its successor does not replace it", async () => {
  const { outputs, endCell } = connect();
  const slow = (text: string, milliseconds: number) => ({
    [DISPLAY]: () => sleep(milliseconds).then(() => ({ "text/plain": text })),
  });
  const handle = liveDisplay(slow("first", 30));
  handle.update("second");
  await endCell();
  assert.deepEqual(texts(outputs), ["second"]);
});

test("the cell's end waits for a display that comes as a promise", async () => {
  const { outputs, endCell } = connect();
  display({ [DISPLAY]: () => sleep(20).then(() => ({ "text/plain": "late" })) });
  assert.deepEqual(texts(outputs), []);
  await endCell();
  assert.deepEqual(texts(outputs), ["late"]);
});
