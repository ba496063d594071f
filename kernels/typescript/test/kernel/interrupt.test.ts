import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "../../src/wire/message.js";
import { patience } from "../patience.js";
import { contentOf, startKernel, streamText, type TestKernel } from "./start-kernel.js";

let kernel: TestKernel;
before(async () => {
  kernel = await startKernel();
  await kernel.execute("let count = 0; const keep = 7;");
});
after(() => kernel.stop());

const resultOf = async (code: string) => contentOf(await kernel.execute(code), "execute_result")?.data["text/plain"];

type Means = "control" | "shell" | "SIGINT";

async function interrupt(means: Means): Promise<void> {
  if (means === "SIGINT") kernel.child.kill("SIGINT");
  else assert.equal((await kernel.request("interrupt_request", {}, means)).reply.content.status, "ok");
}

/** Sends a cell and waits until its code runs. */
async function begin(code: string): Promise<string> {
  const id = kernel.send(`console.log("running"); ${code}`);
  const isOfCell = (message: Message) => message.parentHeader?.msg_id === id && message.header.msg_type === "stream";
  await kernel.waitFor(isOfCell, "the cell's first line");
  await sleep(50);
  return id;
}

/** Interrupts a cell that runs; resolves with its reply and how long it took to stop. */
async function stop(code: string, means: Means) {
  const id = await begin(code);
  const started = performance.now();
  const [{ reply }] = await Promise.all([kernel.answer(id), interrupt(means)]);
  return { reply, milliseconds: performance.now() - started };
}

const WASM_LOOP = "[0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,9,1,7,0,3,64,12,0,11,11]";

const ENDLESS: readonly (readonly [what: string, code: string])[] = [
  ["a synchronous loop", "while (true) {}"],
  ["a synchronous loop after an await", "await 1; while (true) {}"],
  ["an asynchronous loop", "while (true) { count++; await new Promise((resolve) => setTimeout(resolve, 10)); }"],
  ["a loop in a timer", "await new Promise(() => setTimeout(() => { while (true) {} }, 20))"],
  ["a loop of microtasks", "for (;;) await null"],
  [
    "WebAssembly",
    `const code = new Uint8Array(${WASM_LOOP});\nconst wasm = new WebAssembly.Instance(new WebAssembly.Module(code));\n(wasm.exports.f as () => void)();`,
  ],
  ["a regular expression", "/(a+)+$/.test('a'.repeat(40) + 'b')"],
  ["Atomics.wait", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)"],
  ["an await that never ends", "await new Promise(() => {})"],
];

test("nine interrupts in a row, by shell, control and SIGINT, stop nine kinds of code within a second and keep the state", async (t) => {
  const means: readonly Means[] = ["control", "shell", "SIGINT"];
  for (const [index, [what, code]] of ENDLESS.entries()) {
    const way = means[index % means.length]!;
    await t.test(`${what}, by ${way}`, async () => {
      const { reply, milliseconds } = await stop(code, way);
      assert.deepEqual([reply.content.status, reply.content.ename], ["error", "Interrupted"]);
      assert.ok(milliseconds < patience(1000), `${milliseconds} ms`);
    });
  }
  assert.equal(await resultOf("1 + 1"), "2");
  assert.equal(await resultOf("keep"), "7");
});

test("what interrupted cells leave behind is garbage that a collection takes without harm", async () => {
  await kernel.execute("require('node:v8').setFlagsFromString('--expose-gc');");
  await kernel.execute("const collect = require('node:vm').runInNewContext('gc') as () => void;");
  for (const code of ["await new Promise(() => {})", "await 1; while (true) {}", "for (;;) await null"]) {
    await stop(code, "control");
    // once in a turn of its own: the inspector forgets the promise of a script in two steps
    for (let i = 0; i < 2; i++)
      await kernel.execute("collect(); await new Promise((done) => setTimeout(done, 5)); collect();");
  }
  assert.equal(await resultOf("keep"), "7");
});

test("an interrupted asynchronous loop does not run on", async () => {
  const counted = await resultOf("count");
  assert.notEqual(counted, "0");
  await sleep(100);
  assert.equal(await resultOf("count"), counted);
});

const FILE_LOOPS: readonly (readonly [what: string, code: string])[] = [
  ["a loop that reads a file", "while (true) { count++; await readFile('package.json'); }"],
  [
    "a loop in a function, whose errors are caught",
    "const spin = async () => { for (;;) try { count++; await readFile('package.json'); } catch {} };\nawait spin();",
  ],
  [
    "for await over an endless source",
    "for await (const part of (async function* () { for (;;) yield await readFile('package.json'); })()) count += Math.sign(part.length);",
  ],
];

test("asynchronous loops over files end when they are interrupted, though they know of no signal", async (t) => {
  await kernel.execute(
    "import { readFile } from 'node:fs/promises'; process.chdir(projectRoot);".replace(
      "projectRoot",
      JSON.stringify(process.cwd()),
    ),
  );
  for (const [what, code] of FILE_LOOPS) {
    await t.test(what, async () => {
      const { reply, milliseconds } = await stop(code, "control");
      assert.equal(reply.content.ename, "Interrupted");
      assert.ok(milliseconds < patience(1000), `${milliseconds} ms`);
      await sleep(50);
      const counted = await resultOf("count");
      await sleep(100);
      assert.equal(await resultOf("count"), counted);
    });
  }
});

const MODULE = `import { readFile } from "node:fs/promises";
export const state = { rounds: 0, saved: false };
const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export async function overFiles() { for (;;) { state.rounds++; await readFile("package.json"); } }
export async function overTimers() { while (true) try { await sleep(1); state.rounds++; } catch {} }
export async function overSource() {
  for await (const part of (async function* () { for (;;) yield await readFile("package.json"); })()) state.rounds += Math.sign(part.length);
}
const once = async () => { state.rounds++; await sleep(0); };
export async function inOneLine() { do await once(); while (true); }
export async function tidy(signal: AbortSignal) {
  while (!signal.aborted) await sleep(10);
  for (let i = 0; i < 20; i++) await sleep(40);
  state.saved = true;
}
`;

test("endless loops of an imported module that awaits end as well, though it knows of no signal", async (t) => {
  await writeFile(join(kernel.folder, "spin.ts"), MODULE);
  await kernel.execute("import { inOneLine, overFiles, overSource, overTimers, state, tidy } from './spin.js';");
  for (const name of ["overFiles", "overTimers", "overSource", "inOneLine"]) {
    await t.test(name, async () => {
      const { reply, milliseconds } = await stop(`await ${name}();`, "control");
      assert.equal(reply.content.ename, "Interrupted");
      assert.ok(milliseconds < patience(1000), `${milliseconds} ms`);
      await sleep(50);
      const counted = await resultOf("state.rounds");
      assert.notEqual(counted, "0");
      await sleep(100);
      assert.equal(await resultOf("state.rounds"), counted);
    });
  }
});

test("a module that got the signal may take its time to end in its own way", async () => {
  const { reply } = await stop("await tidy(kernel.signal);", "control");
  assert.equal(reply.content.ename, "Interrupted");
  await sleep(900);
  assert.equal(await resultOf("state.saved"), "true");
});

test("an interrupt of the idle kernel ends an asynchronous loop that a cell left behind, and no later one", async () => {
  await kernel.execute("void (async () => { for (;;) { count++; await readFile('package.json'); } })(); 0");
  await interrupt("control");
  await sleep(50);
  const counted = await resultOf("count");
  await sleep(100);
  assert.equal(await resultOf("count"), counted);
  assert.equal(
    await resultOf("let rounds = 0; while (rounds < 3) { await readFile('package.json'); rounds++; }\nrounds"),
    "3",
  );
});

test("each cell has a fresh signal that is aborted by an interrupt; a cell that heeds it ends in its own way", async () => {
  const code =
    "await new Promise<void>((resolve) => kernel.signal.addEventListener('abort', () => resolve()));\nconsole.log('tidied', kernel.signal.aborted);";
  const id = await begin(code);
  await interrupt("control");
  const answer = await kernel.answer(id);
  assert.deepEqual([answer.reply.content.status, streamText(answer)], ["ok", "running\ntidied true\n"]);
  assert.equal(await resultOf("kernel.signal.aborted"), "false");
});

test("a cell that asked for its signal and goes on all the same is ended within a second", async () => {
  const { reply, milliseconds } = await stop("kernel.signal; await new Promise(() => {})", "control");
  assert.equal(reply.content.ename, "Interrupted");
  assert.ok(milliseconds < patience(1000), `${milliseconds} ms`);
});

test("an idle kernel takes an interrupt without harm, and it stops timers that cells left behind", async () => {
  await kernel.execute("let ticks = 0; setInterval(() => ticks++, 10); 0");
  await interrupt("control");
  await interrupt("SIGINT");
  await sleep(100);
  const ticks = await resultOf("ticks");
  await sleep(100);
  assert.equal(await resultOf("ticks"), ticks);
});

test("a timer that spins after its cell has ended can be stopped", async () => {
  await kernel.execute("setTimeout(() => { while (true) {} }, 50); 0");
  await sleep(200);
  await interrupt("control");
  assert.equal(await resultOf("2 + 2"), "4");
});

test("cells that wait behind an interrupted one are aborted", async () => {
  const running = await begin("while (true) {}");
  const waiting = kernel.send("5");
  await sleep(50);
  await interrupt("control");
  assert.equal((await kernel.answer(running)).reply.content.status, "error");
  assert.equal((await kernel.answer(waiting)).reply.content.status, "aborted");
});

test("a native call is interrupted when it returns", async () => {
  const { reply } = await stop(
    "const { pbkdf2Sync } = require('node:crypto');\npbkdf2Sync('a', 'b', 2_000_000, 64, 'sha512').length;\nwhile (true) {}",
    "control",
  );
  assert.equal(reply.content.ename, "Interrupted");
  assert.equal(await resultOf("6"), "6");
});

test("other requests are answered while a cell computes", async () => {
  const id = await begin("while (true) {}");
  const started = performance.now();
  const info = await kernel.request("kernel_info_request", {});
  assert.equal(info.reply.content.status, "ok");
  await kernel.request("complete_request", { code: "Mat", cursor_pos: 3 });
  assert.ok(performance.now() - started < patience(3000));
  await interrupt("control");
  await kernel.answer(id);
});

test("SIGTERM ends the kernel at once, also while a cell computes", async () => {
  await begin("while (true) {}");
  kernel.child.kill("SIGTERM");
  const [code, signal] = await once(kernel.child, "exit");
  assert.deepEqual([code, signal], [143, null]);
});
