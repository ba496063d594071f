import assert from "node:assert/strict";
import { test } from "node:test";
import { printable } from "../../src/cli/action.js";

test("printable shows control characters of a file's text instead of sending them to the terminal", () => {
  assert.equal(printable("EEG \x1b[31mFP1\nµV\x9b"), "EEG \\x1b[31mFP1\\x0aµV\\x9b");
});
