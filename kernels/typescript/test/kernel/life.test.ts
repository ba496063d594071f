import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "@ictal/base/process-alive";
import { findKernelspec } from "../../src/kernelspec.js";
import { createConnection, writeConnectionFile } from "../../src/wire/connection.js";
import { temporaryFolder } from "../make-notebook.js";
import { HANGS_MILLISECONDS, patience } from "../patience.js";
import { type StartOptions, startKernel, streamText } from "./start-kernel.js";

async function start(t: TestContext, options: StartOptions = {}) {
  const kernel = await startKernel(options);
  t.after(() => kernel.stop());
  return kernel;
}

/** Resolves when someone listens on the port. */
async function accepts(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
}

test("shutdown_request is answered with its restart flag, then the process ends in order within a second", async (t) => {
  for (const restart of [true, false]) {
    const kernel = await start(t);
    const ended = once(kernel.child, "exit");
    const started = performance.now();
    const { reply } = await kernel.request("shutdown_request", { restart }, "control");
    assert.deepEqual(reply.content, { status: "ok", restart });
    assert.deepEqual(await ended, [0, null], kernel.stderr());
    assert.ok(performance.now() - started < patience(1500));
  }
});

test("a kernel that computes can be shut down", async (t) => {
  const kernel = await start(t);
  kernel.send("console.log('running'); while (true) {}");
  await kernel.waitFor((message) => message.header.msg_type === "stream");
  const ended = once(kernel.child, "exit");
  kernel.client.send("control", "shutdown_request", { restart: false });
  assert.deepEqual(await ended, [0, null], kernel.stderr());
});

test("timers, servers and intervals of cells do not hold the process up", async (t) => {
  const kernel = await start(t);
  await kernel.execute(
    "setInterval(() => {}, 10); import { createServer } from 'node:net'; createServer().listen(0); 0",
  );
  const ended = once(kernel.child, "exit");
  await kernel.request("shutdown_request", { restart: false }, "shell");
  assert.deepEqual(await ended, [0, null], kernel.stderr());
});

test("a kernel ends when the program that asked for it is killed, even while a cell computes", async (t) => {
  const starter = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  const kernel = await start(t, { env: { JPY_PARENT_PID: String(starter.pid) } });
  kernel.send("while (true) {}");
  await sleep(300);
  const ended = once(kernel.child, "exit");
  starter.kill("SIGKILL");
  const [, signal] = await ended;
  assert.equal(signal, "SIGKILL");
});

test("a kernel ends when its parent is killed", async () => {
  const folder = await temporaryFolder();
  const file = join(folder, "connection.json");
  const connection = await createConnection();
  await writeConnectionFile(file, connection);
  const spec = await findKernelspec("ictal");
  const argv = spec.argv.map((word) => word.replace("{connection_file}", file));
  const script = `const child = require("node:child_process").spawn(${JSON.stringify(argv[0])}, ${JSON.stringify(argv.slice(1))}, { stdio: "ignore" }); console.log(child.pid); setInterval(() => {}, 1000)`;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(chunk.toString());
  await accepts(connection.shell_port); // by then the kernel knows its parent
  parent.kill("SIGKILL");
  for (const end = Date.now() + HANGS_MILLISECONDS; isAlive(pid) && Date.now() < end; ) await sleep(100);
  assert.equal(isAlive(pid), false);
});

test("the kernel listens on the address of its connection file only, and speaks ipc as well as tcp", async (t) => {
  const tcp = await start(t);
  const listening = await readFile("/proc/net/tcp", "utf8");
  const hex = tcp.connection.shell_port.toString(16).toUpperCase().padStart(4, "0");
  assert.deepEqual(listening.match(new RegExp(`[0-9A-F]{8}:${hex} 00000000:0000 0A`, "g")), [
    `0100007F:${hex} 00000000:0000 0A`,
  ]);
  const ipc = await start(t, { transport: "ipc" });
  assert.equal(streamText(await ipc.execute("console.log('over ipc')")), "over ipc\n");
});

test("two kernels write one history at once; a third finds all of it, sessions apart", async (t) => {
  const file = join(await temporaryFolder(), "deep", "history.jsonl");
  const env = { ICTAL_HISTORY: file };
  const kernels = await Promise.all([start(t, { env }), start(t, { env })]);
  await Promise.all(
    kernels.flatMap((kernel, k) =>
      Array.from({ length: 10 }, (_, i) => kernel.answer(kernel.send(`"kernel ${k} cell ${i}"`))),
    ),
  );
  for (const kernel of kernels) await kernel.request("shutdown_request", { restart: false }, "control");
  await writeFile(file, 'not JSON\n{"session":1}\n', { flag: "a" });
  const third = await start(t, { env });
  const { reply } = await third.request("history_request", { hist_access_type: "tail", output: false, n: 100 });
  const entries = reply.content.history as [number, number, string][];
  assert.equal(entries.length, 20);
  for (const k of [0, 1]) {
    const own = entries.filter(([, , source]) => source.startsWith(`"kernel ${k}`));
    assert.equal(new Set(own.map(([session]) => session)).size, 1);
    assert.deepEqual(
      own.map(([, line]) => line),
      Array.from({ length: 10 }, (_, i) => i + 1),
    );
  }
  const before = await third.request("history_request", {
    hist_access_type: "range",
    output: false,
    session: -1,
    start: 1,
    stop: 3,
  });
  assert.equal((before.reply.content.history as unknown[]).length, 2);
});

test("a history that cannot be written costs a line in the log and nothing else", async (t) => {
  const folder = join(await temporaryFolder(), "locked");
  await mkdir(folder);
  await writeFile(join(folder, "file"), "");
  await chmod(folder, 0o500);
  const kernel = await start(t, { env: { ICTAL_HISTORY: join(folder, "file", "history.jsonl") } });
  assert.equal((await kernel.execute("1")).reply.content.status, "ok");
  const { reply } = await kernel.request("history_request", { hist_access_type: "tail", output: false, n: 5 });
  assert.equal((reply.content.history as unknown[]).length, 1);
  const until = Date.now() + 10_000; // the pipe of a busy machine takes its time
  while (!/the history is not kept on disk/.test(kernel.stderr()) && Date.now() < until) await sleep(20);
  assert.match(kernel.stderr(), /the history is not kept on disk/);
});

test("a broken connection file is named and the process ends with code 1", async () => {
  const file = join(await temporaryFolder(), "connection.json");
  await writeFile(file, "{}");
  const spec = await findKernelspec("ictal");
  const child = spawn(
    spec.argv[0]!,
    spec.argv.slice(1).map((word) => word.replace("{connection_file}", file)),
  );
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = await once(child, "close");
  assert.equal(code, 1);
  assert.match(stderr, /shell_port is undefined; a port number was expected/);
});
