import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { Series } from "danfojs-node";
import { bundleOf, DISPLAY, liveDisplay } from "../../src/display.js";
import { viewOf } from "../../src/kernel/views/view.js";
import type { MimeBundle } from "../../src/wire/message.js";

const textOf = async (value: unknown) => String((await bundleOf(value))["text/plain"]);
const htmlOf = async (value: unknown) => String((await bundleOf(value))["text/html"]);

test("a typed array shows length, range, mean, NaNs, size, first and last values", async () => {
  const values = Float32Array.from({ length: 100 }, (_, i) => (i === 3 ? Number.NaN : i));
  const lines = (await textOf(values)).split("\n");
  assert.deepEqual(lines, [
    "Float32Array(100)",
    "  values: 0 to 99, mean 49.9697, 1 NaN",
    "  size: 400 B",
    "[0, 1, 2, NaN, 4, 5, … 88 more …, 94, 95, 96, 97, 98, 99]",
  ]);
  assert.match(await htmlOf(values), /<caption[^>]*><b>Float32Array\(100\)<\/b><\/caption>.*<th scope="row"/);
  assert.match(await textOf(new BigInt64Array([1n, -5n])), /^BigInt64Array\(2\)\n {2}values: -5 to 1, mean -2\n/);
  assert.match(await textOf(new Float64Array([Number.NaN])), /values: no numbers, 1 NaN/);
  assert.match(await textOf(new Float32Array([1, Number.POSITIVE_INFINITY])), /1 to Infinity, mean 1, 1 infinite/);
  assert.equal(await textOf(new Int8Array(0)), "Int8Array(0)\n  size: 0 B\n[]");
});

test("a large typed array is sampled, and says so; the sample is the same every time", async () => {
  const large = Float32Array.from({ length: 1_000_000 }, (_, i) => Math.sin(i));
  const text = await textOf(large);
  assert.match(text, /-0\.99\d* to 0\.99\d*|-1 to 1/);
  assert.match(text, /of a sample of 16,384 of 1,000,000 values/);
  assert.equal(await textOf(large), text);
  assert.match(await textOf(Array.from(large)), /^Array\(1,000,000\) of numbers\n {2}values: .* of a sample of 16,384/);
});

test("a tensor shows type, shape, range and values, fetched without blocking", async () => {
  const before = tf.memory().numTensors;
  const tensor = tf.tensor2d([
    [1, 2],
    [3, 4],
  ]);
  tensor.dataSync = () => assert.fail("the view blocked on dataSync()");
  assert.equal(await textOf(tensor), "Tensor float32 [2, 2]\n  values: 1 to 4, mean 2.5\n  size: 16 B\n[1, 2, 3, 4]");
  tensor.dispose();
  assert.match(await textOf(tensor), /^Tensor float32 \[2, 2\]\n {2}state: disposed/);
  const words = tf.tensor1d(["a", "b"]);
  assert.equal(await textOf(words), 'Tensor string [2]\n["a", "b"]');
  words.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test("of a tensor with millions of values only the first are fetched, and no tensor is left behind", async () => {
  const large = tf.zeros([3000, 1500]);
  const before = tf.memory().numTensors;
  assert.match(await textOf(large), /more than 4,194,304; slice the tensor.*\n.*\n\[0, 0, .*0, …\]$/);
  assert.equal(tf.memory().numTensors, before);
  large.dispose();
});

test("a tensor whose values cannot be read says why", async () => {
  const broken = { shape: [2], dtype: "float32", dataSync() {}, data: () => Promise.reject(new Error("device lost")) };
  assert.match(await textOf(broken), /could not be read: device lost/);
});

test("tables name their rows and columns for screen readers and say what they leave out", async () => {
  const series = await htmlOf(new Series([1, 2.5], { index: ["a", "b"] }));
  assert.match(series, /<caption[^>]*>2 rows × 1 column<\/caption>/);
  assert.match(series, /<td><\/td><th scope="col"[^>]*>0<\/th>.*<th scope="row">a<\/th>/);
  const wide = [Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`c${i}`, i]))];
  assert.match(await htmlOf(wide), /1 row × 40 columns; 10 more columns not shown/);
  assert.match(await textOf(wide), /\(10 more columns not shown\)$/);
  const long = Array.from({ length: 5000 }, (_, i) => (i % 2 ? { a: i } : { a: i, b: i }));
  assert.match(await textOf(long), /… 4,980 more rows …[\s\S]*\(columns as found in 1,000 of the rows\)$/);
});

test("HTML is escaped and free of terminal sequences and control characters", async () => {
  const evil = "<script>\u001b[31mred\u001b[0m\u0007&\"'";
  for (const value of [
    [{ [evil]: evil }],
    new Map([[evil, evil]]),
    new Error(evil),
    { label: evil, done: 1, unit: evil },
  ]) {
    const html = await htmlOf(value);
    for (const part of ["<script", "\u001b", "\u0007"]) assert.ok(!html.includes(part), part);
    assert.match(html, /&lt;script&gt;red&amp;&quot;&#39;/);
  }
});

test("Map, Set, Date, Promise, generators and streams show what they hold or how to get at it", async () => {
  const map = new Map<unknown, unknown>(Array.from({ length: 30 }, (_, i) => [i, { square: i * i }]));
  assert.match(
    await htmlOf(map),
    /Map, 30 entries; the first 20 are shown.*<th scope="row"[^>]*>19<\/th><td>\{ square: 361 \}/,
  );
  assert.equal(await textOf(new Map([["a", 1]])), "Map(1) { 'a' => 1 }");
  assert.equal(await textOf(new Set([1, "b"])), "Set(2) { 1, 'b' }");
  assert.equal(await textOf(new Date(0)), "1970-01-01T00:00:00.000Z");
  assert.match(await textOf(Promise.resolve(4)), /^Promise \{ 4 \}\n\(a promise: put await before it/);
  const generator = (async function* () {
    yield 1;
  })();
  assert.match(await textOf(generator), /for await/);
});

test("an error shows its stack and its cause, folded in HTML", async () => {
  const error = new RangeError("too <far>", { cause: new Error("inner") });
  assert.match(await textOf(error), /^RangeError: too <far>\n {4}at [\s\S]*\[cause\]: Error: inner/);
  assert.match(await htmlOf(error), /^<details><summary><b>RangeError<\/b>: too &lt;far&gt;<\/summary><pre>RangeError/);
});

test("a function shows the head of its source, a class too, a native one its name alone", async () => {
  const long = new Function(`// 1\n${"//\n".repeat(30)}`);
  assert.match(await textOf((a: number) => a + 1), /^\[Function \(anonymous\)\]\n\(a\) => a \+ 1$/);
  assert.match(await textOf(class Pair {}), /^\[class Pair\]\nclass Pair \{/);
  assert.match(await textOf(long), /\n… \d+ more lines$/);
  assert.equal(await textOf(Math.max), "[Function: max]");
});

test("a report of progress shows as a bar", async () => {
  const bundle = await bundleOf({ label: "cache", done: 3, total: 10, unit: "recordings" });
  assert.match(String(bundle["text/html"]), /<progress value="3" max="10" aria-label="cache"/);
  assert.equal(bundle["text/plain"], "cache 3/10 recordings | 30 %");
});

test("a value that shows itself badly is shown all the same, with what is wrong", async () => {
  const broken = [
    () => {
      throw new Error("broken");
    },
    () => Promise.reject(new Error("broken")),
    () => "broken",
  ];
  for (const show of broken) {
    const text = await textOf({ a: 1, [DISPLAY]: show });
    assert.match(text, /^\{[\s\S]*a: 1[\s\S]*\(its Symbol\.for\("Jupyter\.display"\) failed: .*broken/);
  }
});

test("throwing getters, hostile proxies and inspections of their own never break a view", async () => {
  const refuse = () => {
    throw new Error("refused");
  };
  const traps = Object.fromEntries(
    Object.getOwnPropertyNames(Reflect).map((name) => [name, refuse]),
  ) as ProxyHandler<object>;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const hostile: unknown[] = [
    new Proxy({ a: 1 }, traps),
    new Proxy([{ a: 1 }], traps),
    new Proxy(() => 1, traps),
    new Proxy(new Map([[1, 2]]), traps),
    revoked.proxy,
    [new Proxy({ a: 1 }, traps), revoked.proxy],
    { [inspect.custom]: refuse },
    { nested: { [inspect.custom]: refuse } },
    Object.defineProperty({}, "constructor", { get: refuse }),
    Object.defineProperty(new Error("x"), "stack", { get: refuse }),
    Object.create(null, { columns: { get: refuse }, [DISPLAY]: { get: refuse } }),
  ];
  for (const value of hostile) assert.notEqual(await textOf(value), "");
  const counted = { calls: 0 };
  const lazy = Object.defineProperty({}, "costly", { enumerable: true, get: () => counted.calls++ });
  assert.equal(await textOf(lazy), "{ costly: [Getter] }");
  assert.equal(counted.calls, 0);
});

test("half a surrogate pair becomes a replacement character in every text", async () => {
  const bundle = (await bundleOf({
    [DISPLAY]: () => ({ "text/html": "<b>\ud800</b>", "text/plain": "a\udc00b😀" }),
  })) as MimeBundle;
  assert.deepEqual(bundle, { "text/html": "<b>\uFFFD</b>", "text/plain": "a\uFFFDb😀" });
  assert.equal(await textOf("x\ud83d"), "x\uFFFD");
  assert.match(await htmlOf([{ a: "\ud800" }]), /<td>\uFFFD<\/td>/);
});

test("values with millions of members, many levels or very long strings show a bounded head", async () => {
  const million = 1_000_000;
  let deep: { inner?: object } = {};
  for (let i = 0; i < 20_000; i++) deep = { inner: deep };
  const bushy = (levels: number): unknown => (levels === 0 ? 0 : Array.from({ length: 60 }, () => bushy(levels - 1)));
  const holes: number[] = [];
  holes[2 ** 31] = 1;
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  const large: unknown[] = [
    new Array(10 * million).fill({ a: 1 }),
    new Map(Array.from({ length: million }, (_, i) => [i, i])),
    Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, i])),
    "x".repeat(50 * million),
    ["x".repeat(50 * million)],
    bushy(3),
    deep,
    holes,
    ring,
  ];
  for (const value of large) {
    const bundle = await bundleOf(value);
    assert.ok(JSON.stringify(bundle).length < 120_000, String(bundle["text/plain"]).slice(0, 80));
  }
  assert.match(await textOf(large[2]), /key199: 199\n\}\n… 49,800 more keys$/);
  assert.match(await textOf(large[3]), /x… 49,900,000 more characters$/);
});

test("viewOf shows nothing for undefined and for a display's handle", () => {
  assert.equal(viewOf(undefined), undefined);
  const channel = Symbol.for("ictal.display-channel");
  (globalThis as { [channel]?: object })[channel] = { send() {} };
  assert.equal(viewOf(liveDisplay(1)), undefined);
  delete (globalThis as { [channel]?: object })[channel];
  assert.deepEqual(viewOf(null), { "text/plain": "null" });
});
