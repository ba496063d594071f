import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, printableAll, printableJson, printableLines, withoutControls } from "@ictal/base/printable";

test("printable shows control characters of a file's text instead of sending them to the terminal", () => {
  assert.equal(printable("EEG \x1b[31mFP1\nµV\x9b"), "EEG \\x1b[31mFP1\\x0aµV\\x9b");
  assert.equal(
    printable("\x1b]0;title\x07\r\x7f\u202egpj.exe\u2028\u2066\ufeff"),
    "\\x1b]0;title\\x07\\x0d\\x7f\\u202egpj.exe\\u2028\\u2066\\ufeff",
  );
  assert.equal(printable("a\ud800b"), "a\\ud800b");
  assert.equal(printable("Zoë 中文 😀"), "Zoë 中文 😀");
});

test("printableLines keeps line feeds alone, printableAll reaches names and nested texts, printableJson keeps values", () => {
  assert.equal(printableLines("a\nb\r\x1b"), "a\nb\\x0d\\x1b");
  const report = { "k\x1b": ["a\n", { b: "\u202e", n: 1, none: null }], when: new Date(0) };
  assert.deepEqual(printableAll(report), {
    "k\\x1b": ["a\\x0a", { b: "\\u202e", n: 1, none: null }],
    when: new Date(0),
  });
  const json = JSON.stringify({ "\x9b": "\u202e\x1b\x7f\u2028" }, null, 2);
  const shown = printableJson(json);
  assert.doesNotMatch(shown, /[\x7f-\x9f\u202e\u2028]/);
  assert.deepEqual(JSON.parse(shown), JSON.parse(json));
});

test("withoutControls drops sequences and shows what else could steer, line feeds and tabs left", () => {
  assert.equal(withoutControls("a\x1b]0;title\x07b\x1b[2J\x9b5n\tc\r\nd"), "ab\tc\nd");
  assert.equal(withoutControls("\u202egpj.exe\ufeff\ud800 Zoë 😀"), "\\u202egpj.exe\\ufeff\\ud800 Zoë 😀");
});
