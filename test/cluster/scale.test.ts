import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("./scale-child.js", import.meta.url));

function measure(recordings: number, shards: number) {
  const { stdout, stderr } = spawnSync(process.execPath, [CHILD, String(recordings), String(shards)], {
    encoding: "utf8",
  });
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout);
}

test("7,361 recordings are planned and finalised in under 5 s each", (context) => {
  const found = measure(7361, 64);
  context.diagnostic(JSON.stringify(found));
  assert.equal(found.items, 7361);
  assert.ok(found.planSeconds < 5, `${found.planSeconds} s`);
  assert.ok(found.finaliseSeconds < 5, `${found.finaliseSeconds} s`);
});

test("planning 100,000 recordings peaks below 300 MB, nearly all of it their listing", (context) => {
  const found = measure(100_000, 1000);
  context.diagnostic(JSON.stringify(found));
  assert.equal(found.items, 100_000);
  assert.ok(found.peakMegabytes - found.listedMegabytes < 50, JSON.stringify(found));
  assert.ok(found.peakMegabytes < 300, JSON.stringify(found));
});
