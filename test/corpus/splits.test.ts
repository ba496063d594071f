import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readSplits, writeSplits } from "../../src/corpus/splits.js";

async function withFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-splits-"));
  try {
    await work(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

const recordings = [
  { split: "train", patient: "b" },
  { split: "train", patient: "a" },
  { split: "train", patient: "b" },
  { split: "dev", patient: "c" },
];

test("writeSplits(dir, catalogue) and readSplits(dir) keep each patient once, sorted", () =>
  withFolder(async (dir) => {
    const paths = await writeSplits(dir, { recordings });
    assert.deepEqual(paths, [join(dir, "dev.txt"), join(dir, "train.txt")]);
    assert.equal(await readFile(join(dir, "train.txt"), "utf8"), "a\nb\n");
    assert.deepEqual(await readSplits(dir), { dev: ["c"], train: ["a", "b"] });
  }));

test("readSplits(dir) skips blank lines and comments and refuses two ids on a line", () =>
  withFolder(async (dir) => {
    await writeFile(join(dir, "train.txt"), "# ours\r\n\r\na\r\n");
    assert.deepEqual(await readSplits(dir), { train: ["a"] });
    await writeFile(join(dir, "dev.txt"), "x\ny, z\n");
    await assert.rejects(readSplits(dir), /dev\.txt:2: found "y, z", expected one patient id per line/);
  }));

test("writeSplits(dir) refuses ids that readSplits(dir) would not read back", () =>
  withFolder(async (dir) => {
    for (const patient of ["", "a b", "a\nb", "#a", "a,b", "a\x1b", "a/b"])
      await assert.rejects(writeSplits(dir, { recordings: [{ split: "train", patient }] }), { name: "ConfigError" });
    assert.deepEqual(await readdir(dir), []);
  }));

test("readSplits(dir) and writeSplits(dir) reject a patient in two splits", () =>
  withFolder(async (dir) => {
    const shared = { recordings: [...recordings, { split: "dev", patient: "a" }] };
    await assert.rejects(writeSplits(dir, shared), { name: "ConfigError", message: /a \(dev and train\)/ });
    await writeFile(join(dir, "train.txt"), "a\nb\n");
    await writeFile(join(dir, "dev.txt"), "a\n");
    await assert.rejects(readSplits(dir), { name: "ConfigError", message: /1 patient is in more than one split/ });
  }));

test("readSplits(dir) names the expected files when there are none", () =>
  withFolder(async (dir) => {
    await assert.rejects(readSplits(dir), { name: "NotFoundError", message: /expected train.txt, dev.txt/ });
    await assert.rejects(readSplits(join(dir, "absent")), { name: "NotFoundError" });
  }));
