import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runInThisContext } from "node:vm";
import ts from "typescript";
import type { DisplayChannel } from "../../../src/display.js";
import { formatDuration } from "../../../src/kernel/magics/duration.js";
import { installMagics, type MagicHost } from "../../../src/kernel/magics/install.js";
import { MAGIC, parseMagics } from "../../../src/kernel/magics/magics.js";
import { formatTimings, measure } from "../../../src/kernel/magics/timeit.js";
import { reportMemory } from "../../../src/kernel/threads/thread-memory.js";
import type { MimeBundle } from "../../../src/wire/message.js";

const CHANNEL = Symbol.for("ictal.display-channel");
const host = globalThis as { [CHANNEL]?: DisplayChannel; [MAGIC]?: unknown };

afterEach(() => {
  delete host[CHANNEL];
  delete host[MAGIC];
});

/** Runs a cell with magics as a kernel would; `values` are in its scope. */
async function runCell(cell: string, values: Record<string, unknown> = {}, parts: MagicHost = {}) {
  const shown: MimeBundle[] = [];
  const pending = new Set<() => void | Promise<void>>();
  let printed = "";
  host[CHANNEL] = { pending, send: ({ data }) => shown.push(data) };
  const print = (text: string) => {
    printed += text;
  };
  installMagics({ print, ...parts });
  const { code } = await parseMagics(cell);
  const target = ts.ScriptTarget.ES2022;
  const body = `async (${Object.keys(values).join(", ")}) => { ${code}\n }`;
  const javaScript = ts.transpileModule(`(${body})`, { compilerOptions: { target } }).outputText;
  const run = runInThisContext(javaScript) as (...args: unknown[]) => Promise<unknown>;
  const value = await run(...Object.values(values));
  await Promise.all([...pending].map((settle) => settle()));
  return { value, printed, shown };
}

const LINE =
  /^[\d.]+ (?:ns|µs|ms|s) ± [\d.]+ (?:ns|µs|ms|s) per loop \(mean ± std\. dev\. of (\d+) runs?, ([\d,]+) loops? each; best [\d.]+ (?:ns|µs|ms|s)\)\n$/;

test("%timeit runs an expression of the cell as often as asked and prints mean, deviation and best", async () => {
  const calls = { count: 0 };
  const { printed } = await runCell("const k = 2;\n%timeit -n 3 -r 4 calls.count += k", { calls });
  assert.match(printed, LINE);
  assert.match(printed, /of 4 runs, 3 loops each/);
  assert.equal(calls.count, 2 * (1 + 3 * 4), "one call to warm up and 3 loops of 4 runs");
});

test("%timeit finds a number of loops by itself, and awaits promises in each", async () => {
  const quick = LINE.exec((await runCell("%timeit -r 2 Math.sqrt(2)")).printed);
  assert.ok(quick && Number(quick[2]!.replaceAll(",", "")) >= 1000, quick?.[0]);
  const state = { running: 0, most: 0 };
  const work = async () => {
    state.most = Math.max(state.most, ++state.running);
    await sleep(2);
    state.running -= 1;
  };
  const slow = await runCell("%timeit -r 2 -n 2 work()", { work });
  assert.match(slow.printed, /^[2-9][\d.]* ms /);
  assert.deepEqual(state, { running: 0, most: 1 });
});

test("%timeit passes on what the expression throws, and stops when the cell is interrupted", async () => {
  await assert.rejects(runCell("%timeit null.x"), TypeError);
  const controller = new AbortController();
  const runs = measure(() => controller.abort(new Error("interrupted")), { runs: 1e6, loops: 1 }, controller.signal);
  await assert.rejects(runs, /interrupted/);
});

test("a line of %timeit gives population deviation and best in units that fit", () => {
  assert.equal(
    formatTimings({ loops: 1_000_000, secondsPerLoop: [1e-6, 2e-6, 3e-6] }),
    "2 µs ± 816 ns per loop (mean ± std. dev. of 3 runs, 1,000,000 loops each; best 1 µs)",
  );
  const texts = [0, 1.234e-9, 9.999e-4, 0.0123, 1, 59.96, 61, 3661, 90_000].map(formatDuration);
  assert.deepEqual(texts, ["0 ns", "1.23 ns", "1 ms", "12.3 ms", "1 s", "60 s", "1min 1s", "1h 1min 1s", "1d 1h"]);
});

test("%time prints CPU and wall time and hands on the value, awaited; declarations of a statement stay", async () => {
  const times = /^CPU times: user [\d.]+ \S+, sys: [\d.]+ \S+, total: [\d.]+ \S+\nWall time: [\d.]+ \S+\n$/;
  const first = await runCell("let out;\nout = 1;\n%time const x = 41 + out\nreturn x;");
  assert.equal(first.value, 42);
  assert.match(first.printed, times);
  const later = async () => {
    await sleep(20);
    return "done";
  };
  const second = await runCell("%time later()", { later });
  assert.match(second.printed, times);
  assert.ok(Number(/Wall time: ([\d.]+) ms/.exec(second.printed)![1]) >= 19);
});

test("%%time prints at the cell's end; %%timeit runs the rest of the cell", async () => {
  const { value, printed } = await runCell("%%time\nconst a = 1;\nreturn a;");
  assert.equal(value, 1);
  assert.match(printed, /^CPU times.*\nWall time/);
  const calls = { count: 0 };
  const whole = await runCell("%%timeit -n 2 -r 3\nconst a = 1;\ncalls.count += a; // each", { calls });
  assert.match(whole.printed, /of 3 runs, 2 loops each/);
  assert.equal(calls.count, 7);
});

test("magics run in the order of the code", async () => {
  const order: string[] = [];
  const log = (text: string) => order.push(text);
  await runCell('log("a");\n%time log("b")\nlog("c");\n// %time log("d")\nlog("e");', { log });
  assert.deepEqual(order, ["a", "b", "c", "d", "e"]);
});

test("%memory shows the process and each thread that tells, and names those that do not", async () => {
  reportMemory("other");
  const { shown } = await runCell("%memory", {}, { threads: ["other", "gone"] });
  const text = String(shown[0]!["text/plain"]);
  assert.match(text, /^resident +[\d.]+ MB$/m);
  assert.match(text, /^heap of the cells' thread +[\d.]+ MB of [\d.]+ MB$/m);
  assert.match(text, /^heap of the other thread +[\d.]+ MB of [\d.]+ MB, array buffers /m);
  assert.match(text, /no answer from the gone thread/);
});

test("%reload names what was reloaded and what failed", async () => {
  const reload = async (module?: string) => ({
    reloaded: module === undefined ? [] : [module],
    failed: module === "b.ts" ? [{ message: "b.ts: no" }] : [],
  });
  assert.equal((await runCell("%reload", {}, { reload })).printed, "nothing had changed\n");
  assert.equal((await runCell("%reload b.ts", {}, { reload })).printed, "reloaded b.ts\nnot reloaded: b.ts: no\n");
  await assert.rejects(runCell("%reload"), /ictal kernel only/);
});

test("%env sets, prints and lists, and hides secrets in the list", async () => {
  try {
    assert.equal((await runCell("%env ICTAL_TEST_TOKEN=a b=c")).printed, "env: ICTAL_TEST_TOKEN=a b=c\n");
    assert.equal(process.env.ICTAL_TEST_TOKEN, "a b=c");
    assert.equal((await runCell("%env ICTAL_TEST_TOKEN")).printed, "a b=c\n");
    const { shown } = await runCell("%env\n%env ICTAL_TEST_OTHER = 2");
    assert.equal(process.env.ICTAL_TEST_OTHER, "2");
    assert.doesNotMatch(JSON.stringify(shown), /a b=c/);
    await assert.rejects(runCell("%env ICTAL_TEST_NONE"), /there is no environment variable ICTAL_TEST_NONE; %env/);
  } finally {
    delete process.env.ICTAL_TEST_TOKEN;
    delete process.env.ICTAL_TEST_OTHER;
  }
});

test("%%html and %%markdown show the rest of the cell; %lsmagic and %help list the magics", async () => {
  assert.deepEqual((await runCell("%%html\n<b>a</b>\n`${")).shown, [
    { "text/html": "<b>a</b>\n`${", "text/plain": "<b>a</b>\n`${" },
  ]);
  assert.equal((await runCell("\n%%markdown\n# A")).shown[0]!["text/markdown"], "# A");
  assert.match(String((await runCell("%lsmagic")).shown[0]!["text/plain"]), /^%%timeit/m);
  const help = String((await runCell("%help %env")).shown[0]!["text/plain"]);
  assert.match(help, /^%env \[NAME/m);
  assert.doesNotMatch(help, /memory/);
});
