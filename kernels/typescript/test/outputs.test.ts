import assert from "node:assert/strict";
import { test } from "node:test";
import type { Output } from "../src/notebook/notebook-file.js";
import { applyCarriage } from "../src/runner/carriage-return.js";
import { OutputCollector } from "../src/runner/outputs.js";
import { createStreamText } from "../src/runner/stream-text.js";
import { createMessage, type Message, type MessageContents, type MessageType } from "../src/wire/message.js";

function message<T extends MessageType>(type: T, content: MessageContents[T]): Message {
  return createMessage(type, content, { session: "s" }) as unknown as Message; // content types differ only for the compiler
}

const stdout = (text: string) => message("stream", { name: "stdout", text });
const shown = (text: string, id?: string) =>
  message("display_data", {
    data: { "text/plain": text },
    metadata: {},
    ...(id ? { transient: { display_id: id } } : {}),
  });

test("applyCarriage keeps what a terminal would show", () => {
  assert.equal(applyCarriage("10 %\r20 %\r30 %\ndone"), "30 %\ndone");
  assert.equal(applyCarriage("long text\rab"), "abng text");
  assert.equal(applyCarriage("ab\b\bx\r\ny"), "xb\ny");
  assert.equal(applyCarriage("50 %\r"), "50 %\r");
});

test("streams of one name join, and a progress line over many messages leaves its last state", () => {
  const outputs: Output[] = [];
  const collector = new OutputCollector();
  for (const text of ["a\n", "1 %", "\r2 %", "\r3 %\r", "4 %\n"]) collector.apply(outputs, stdout(text));
  collector.apply(outputs, message("stream", { name: "stderr", text: "warning" }));
  assert.deepEqual(outputs, [
    { output_type: "stream", name: "stdout", text: "a\n4 %\n" },
    { output_type: "stream", name: "stderr", text: "warning" },
  ]);
});

test("update_display_data changes the display in place, in an earlier cell too", () => {
  const collector = new OutputCollector();
  const first: Output[] = [];
  const second: Output[] = [];
  collector.apply(first, shown("before", "id"));
  assert.equal(
    collector.apply(
      second,
      message("update_display_data", {
        data: { "text/plain": "after" },
        metadata: {},
        transient: { display_id: "id" },
      }),
    ),
    true,
  );
  assert.deepEqual(first, [{ output_type: "display_data", data: { "text/plain": "after" }, metadata: {} }]);
  assert.deepEqual(second, []);
});

test("clear_output clears at once, or with wait at the next output", () => {
  const collector = new OutputCollector();
  const outputs: Output[] = [];
  collector.apply(outputs, shown("a"));
  collector.apply(outputs, message("clear_output", { wait: true }));
  assert.equal(outputs.length, 1);
  collector.apply(outputs, shown("b"));
  assert.deepEqual(
    outputs.map((output) => "data" in output && output.data["text/plain"]),
    ["b"],
  );
  collector.apply(outputs, message("clear_output", { wait: false }));
  assert.deepEqual(outputs, []);
});

test("a stream keeps its limit whatever the size of the pieces it comes in", () => {
  const lineOf = (length: number) => `${"y".repeat(length - 1)}\n`;
  for (const size of [100, 9_000, 70_000, 300_000, 760_000, 5_000_000]) {
    const stream = createStreamText(1_000_000);
    for (let sent = 0; sent < 10_000_000; sent += size) stream.append(lineOf(size));
    stream.append("the end\n");
    const text = stream.text();
    assert.ok(text.length > 950_000 && text.length < 1_070_000, `${size}: ${text.length} characters`);
    assert.ok(text.endsWith("\nthe end\n"));
  }
});
