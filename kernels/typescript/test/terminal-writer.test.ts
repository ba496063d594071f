import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mock, test } from "node:test";
import { createReaderPace } from "../src/runner/backpressure.js";
import { liveWriter, logWriter } from "../src/runner/terminal-writer.js";

function recorder() {
  const written: string[] = [];
  return { written, write: (text: string) => written.push(text) };
}

test("a log gets a very long line as it comes, without colours that messages cut in two", () => {
  const out = recorder();
  const writer = logWriter(out);
  const x = "x".repeat(70_000);
  writer.stream(`\u001b[31m${x}\u001b[3`);
  assert.equal(out.written.join(""), x);
  for (const text of [`2m${x}\u001b`, `[0m${x}`]) writer.stream(text);
  assert.equal(out.written.join(""), x + x + x);
  writer.stream("end \nnext");
  assert.equal(out.written.join(""), `${x}${x}${x}end\n`);
  writer.settle();
  writer.stream(x);
  writer.line("done");
  writer.stream(x);
  writer.update("id", "shown");
  writer.settle();
  assert.equal(out.written.join(""), `${x}${x}${x}end\nnext\n${x}\ndone\n${x}\nshown\n`);
});

test("a terminal gets colours and what edits its own line, and nothing else that steers it", () => {
  const out = recorder();
  const writer = liveWriter({ ...out, isTTY: true });
  writer.stream("\u001b[32mgreen\u001b[0m 10 %\r\u001b[K20 %\b\b\n\tend\n");
  assert.equal(out.written.join(""), "\u001b[32mgreen\u001b[0m 10 %\r\u001b[K20 %\b\b\n\tend\n");
  out.written.length = 0;
  for (const text of [
    "a\u001b[2J\u001b[Hb\u001b]0;title\u0007c\u009b5nd\u001bce\u0007",
    "f\u001b",
    "[",
    "6",
    "nG\u001b[3",
    "1mh\n",
  ])
    writer.stream(text);
  assert.equal(out.written.join(""), "abcdefG\u001b[31mh\n");
  out.written.length = 0;
  writer.stream("x\u001b[");
  writer.line("2J");
  assert.equal(out.written.join(""), "x\n2J\n");
});

test("100 MB without a line end pass through the log in time that grows with their length alone", () => {
  const out = { characters: 0, longest: 0, write: (text: string) => text.length };
  const writer = logWriter({
    write(text) {
      out.characters += text.length;
      out.longest = Math.max(out.longest, text.length);
    },
  });
  const piece = "z".repeat(50_000);
  for (let i = 0; i < 2000; i++) writer.stream(piece);
  writer.settle();
  assert.equal(out.characters, 1e8 + 1);
  assert.ok(out.longest <= 120_000, `${out.longest} characters at once`);
});

test("a slow reader is waited for, one that stands still a second, and no cell longer than ten seconds", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  mock.method(performance, "now", () => now);
  const pass = (milliseconds: number) => {
    now += milliseconds;
    mock.timers.tick(milliseconds);
  };
  const out = Object.assign(new EventEmitter(), { writableNeedDrain: false });
  const pace = createReaderPace(out);
  const state = async () => {
    const ready = { is: false };
    void pace.ready().then(() => {
      ready.is = true;
    });
    await new Promise(setImmediate);
    return ready;
  };
  const settled = () => new Promise(setImmediate);
  try {
    assert.ok((await state()).is, "nothing is unread");
    out.writableNeedDrain = true;
    for (let i = 0; i < 11; i++) {
      const ready = await state();
      assert.equal(ready.is, false);
      pass(900);
      out.emit("drain");
      await settled();
      assert.ok(ready.is);
    }
    const last = await state();
    pass(100);
    await settled();
    assert.ok(last.is, "the cell's ten seconds are over");
    assert.ok((await state()).is);
    pace.cellStarted();
    assert.ok((await state()).is, "it stands still");
    out.emit("drain");
    const first = await state();
    assert.equal(first.is, false, "it reads again");
    pass(999);
    await settled();
    assert.equal(first.is, false);
    pass(1);
    await settled();
    assert.ok(first.is, "it stood still for a second");
    assert.equal(out.listenerCount("drain"), 1);
  } finally {
    mock.timers.reset();
    mock.restoreAll();
  }
});
