import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { explainWriteError, removeStaleTemporaryFiles, writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson, hashOf } from "@ictal/base/canonical";
import { FormatError, isIctalError, NotFoundError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import { createProgress, formatProgress } from "@ictal/base/progress";
import { complementIntervals, mergeIntervals, totalSeconds } from "../../src/base/events.js";
import { createRandom, philoxInto } from "../../src/base/random.js";

const interval = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

test("philoxInto gives the known answers of Philox-4x32-10 (Random123 kat_vectors)", () => {
  const out = new Uint32Array(4);
  philoxInto(out, 0, 0, 0, 0, 0, 0);
  assert.deepEqual([...out], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  philoxInto(out, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff);
  assert.deepEqual([...out], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
  philoxInto(out, 0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
  assert.deepEqual([...out], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]);
});

test("createRandom(seed, name) is a pure function of the counter, and streams differ", () => {
  const a = createRandom(7, "order");
  assert.equal(a.uniform(5), createRandom(7, "order").uniform(5));
  assert.notEqual(a.uniform(5), a.stream("child").uniform(5));
  assert.notEqual(a.uniform(5), createRandom(8, "order").uniform(5));
});

test("random.normal has mean 0 and variance 1, random.integer covers its range evenly", () => {
  const random = createRandom(1);
  let sum = 0;
  let squares = 0;
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 20000; i++) {
    const value = random.normal(i);
    sum += value;
    squares += value * value;
    counts[random.integer(i, 7)]! += 1;
  }
  assert.ok(Math.abs(sum / 20000) < 0.03);
  assert.ok(Math.abs(squares / 20000 - 1) < 0.05);
  for (const count of counts) assert.ok(Math.abs(count - 20000 / 7) < 250);
});

test("random.permutation(count) holds each number once", () => {
  assert.deepEqual(
    [...createRandom(3).permutation(100)].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

test("canonicalJson sorts keys, drops undefined and refuses NaN", () => {
  assert.equal(canonicalJson({ b: [1, null], a: { d: undefined, c: "x" } }), '{"a":{"c":"x"},"b":[1,null]}');
  assert.equal(hashOf({ a: 1, b: 2 }), hashOf({ b: 2, a: 1 }));
  assert.throws(() => canonicalJson({ a: Number.NaN }), /invalid number in JSON: NaN/);
});

test("canonicalJson refuses what JSON would turn into null or {}, and keeps the hashes of ordinary values", () => {
  class Named {
    readonly a = 1;
  }
  const holes = [1];
  holes.length = 3;
  const odd = [undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1n, Symbol("s"), () => 1];
  odd.push(...([new Date(0), new Map([[1, 2]]), new Set([1]), new Float32Array(2), new Uint8Array(1)] as never[]));
  odd.push(...([new Named(), /x/, new Error("x"), new Number(1), new URL("file:///x"), new ArrayBuffer(1)] as never[]));
  for (const value of odd) {
    assert.throws(() => canonicalJson([value]), { name: "RangeError", message: /^invalid (value|number) in JSON: / });
    if (value !== undefined) assert.throws(() => hashOf({ a: { b: value } }), { name: "RangeError" });
  }
  assert.throws(() => canonicalJson(holes), { name: "RangeError" });
  assert.throws(() => canonicalJson(undefined), { name: "RangeError" });
  const foreign: unknown = runInNewContext("({ b: [1, { c: null }], a: 'x' })");
  assert.equal(canonicalJson(foreign), '{"a":"x","b":[1,{"c":null}]}');
  assert.equal(canonicalJson(Object.assign(Object.create(null), { a: 1 })), '{"a":1}');
  const ordinary = { b: [1, null, -0, 1e21, "ü\u2028"], a: { d: undefined, c: "x" } };
  assert.deepEqual(
    [ordinary, [], null].map((value) => hashOf(value, 16)),
    ["b393a18fee8d5e90", "4f53cda18c2baa0c", "74234e98afe7498f"], // as version 0.1 gave them
  );
});

test("mergeIntervals and complementIntervals partition the duration", () => {
  const events = [interval(5, 8), interval(1, 2), interval(8, 9), interval(1.5, 3), interval(4, 4)];
  assert.deepEqual(mergeIntervals(events), [interval(1, 3), interval(5, 9)]);
  assert.deepEqual(complementIntervals(events, 10), [interval(0, 1), interval(3, 5), interval(9, 10)]);
  assert.equal(totalSeconds(events) + totalSeconds(complementIntervals(events, 10)), 10);
  assert.deepEqual(complementIntervals([interval(-5, 20)], 10), []);
});

test("isIctalError(error, ...tags) narrows by tag, and a FormatError names file and line", () => {
  const error: unknown = new FormatError("unknown label xsz", { file: "a.csv", line: 7 });
  assert.ok(isIctalError(error, "FormatError"));
  assert.equal(error.message, "a.csv:7: unknown label xsz");
  assert.ok(!isIctalError(new NotFoundError("x", "x"), "FormatError"));
  assert.ok(!isIctalError(new Error("x")));
});

test("nearestName finds a slip and refuses a far name", () => {
  assert.equal(nearestName("fnzs", ["fnsz", "gnsz", "bckg"]), "fnsz");
  assert.equal(nearestName("completely", ["fnsz"]), undefined);
});

test("writeFileAtomic leaves only the whole file, also when it overwrites", async () => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-atomic-"));
  try {
    const path = join(dir, "deep", "a.txt");
    await writeFileAtomic(path, "one");
    await writeFileAtomic(path, "two");
    assert.equal(await readFile(path, "utf8"), "two");
    assert.deepEqual(await readdir(join(dir, "deep")), ["a.txt"]);
    await assert.rejects(writeFileAtomic(join(dir, "deep", "a.txt", "b"), "x"));
    for (const name of ["a.txt.tmp-99-1", "b.txt.tmp-99-1"]) await writeFile(join(dir, "deep", name), "");
    await removeStaleTemporaryFiles(path);
    assert.deepEqual((await readdir(join(dir, "deep"))).sort(), ["a.txt", "b.txt.tmp-99-1"]);
    await removeStaleTemporaryFiles(join(dir, "nowhere", "a.txt"));
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("explainWriteError names the path of a full disk and what to do, and leaves other errors alone", () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  assert.match(String(explainWriteError(full, "/a/b")), /cannot write \/a\/b: the disk is full; free some space/);
  for (const [code, reason] of [
    ["EISDIR", /it is a folder/],
    ["EEXIST", /a file is where a folder should be/],
    ["ENOTDIR", /a file is where a folder should be/],
  ] as const)
    assert.match(String(explainWriteError(Object.assign(new Error("x"), { code }), "/a")), reason);
  const other = new Error("x");
  assert.equal(explainWriteError(other, "/a"), other);
});

test("formatProgress shows share, rate and time left; createProgress writes a bar that ends in a newline", () => {
  assert.equal(
    formatProgress({ label: "pull", done: 25, total: 100, unit: "MB" }, 5),
    "pull 25/100 MB | 25 % | 5.0 MB/s | 0:15 left",
  );
  const first = { label: "pull", done: 0.2, total: 100, unit: "MB" };
  assert.equal(formatProgress(first, 1), "pull 0.2/100 MB | 0 % | 0.2 MB/s", "no guess from so little");
  const slow = { label: "training", done: 2, total: 10, unit: "steps" };
  assert.equal(formatProgress(slow, 282), "training 2/10 steps | 20 % | 141 s/step | 18:48 left");
  let text = "";
  const progress = createProgress({
    stream: { write: (part) => (text += part) },
    style: "bar",
    intervalMilliseconds: 0,
  });
  progress.update({ label: "build", done: 1, total: 2, unit: "recordings" });
  progress.finish();
  assert.match(text, /^\rbuild 1\/2 recordings.*\n$/s);
});

test("createRandom takes any safe integer, and different seeds are different generators", () => {
  const words = (seed: number) => [0, 1, 2].map((i) => createRandom(seed, "a").uint32(i)).join();
  const most = Number.MAX_SAFE_INTEGER;
  const seeds = [
    0,
    -1,
    1,
    -2,
    7,
    -8,
    -7,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 32 - 1,
    -(2 ** 32),
    2 ** 33,
    2 ** 40 + 7,
    most,
    -most,
  ];
  assert.equal(new Set(seeds.map(words)).size, seeds.length);
  assert.equal(words(-0), words(0));
  for (const seed of [Number.NaN, 1.5, 2 ** 53, Number.POSITIVE_INFINITY])
    assert.throws(() => createRandom(seed), { name: "RangeError", message: /^invalid seed: / });
});

test("createRandom keeps the numbers that seeds below 2^32 have always given", () => {
  const numbers = [0, 1, 42, 2 ** 31, 2 ** 32 - 1].map((seed) => createRandom(seed, "frozen").uint32(5));
  assert.deepEqual(numbers, [473789827, 3319595165, 2514473319, 1376572755, 4136986749]);
  assert.deepEqual([...createRandom(42, "frozen").permutation(8)], [1, 2, 5, 6, 0, 7, 4, 3]);
});
