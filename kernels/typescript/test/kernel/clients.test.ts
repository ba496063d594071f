// What front ends do beside one client on free ports: two of them at once, sockets of one identity, ports that are taken,
// and the messages as VS Code's and Zed's clients write them (vscode-jupyter cellExecution.ts and @jupyterlab/services;
// crates/repl/src/session.rs and jupyter-protocol).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { findKernelspec } from "../../src/kernelspec.js";
import { connectClient } from "../../src/wire/client.js";
import { createConnection, writeConnectionFile } from "../../src/wire/connection.js";
import { isMessage, type Message } from "../../src/wire/message.js";
import { temporaryFolder } from "../make-notebook.js";
import { connectAs, type ForeignClient } from "./foreign-client.js";
import { startKernel, streamText, type TestKernel } from "./start-kernel.js";

const EXECUTE = { silent: false, store_history: true, user_expressions: {}, allow_stdin: false, stop_on_error: true };

test("two clients of one kernel get their own replies, see each other's output and share the state", async () => {
  const kernel = await startKernel();
  const second = connectClient(kernel.connection); // one routing id for its shell, control and stdin, as VS Code has
  try {
    const heard: [string, Message][] = [];
    const replied = new Promise<Message>((resolve) => {
      second.listen((channel, message) => {
        heard.push([channel, message]);
        if (channel === "shell" && isMessage(message, "execute_reply")) resolve(message);
      });
    });
    const first = kernel.execute("let shared = 1; console.log('of the first');");
    const id = second.send("shell", "execute_request", { code: "console.log('of the second', ++shared);", ...EXECUTE });
    assert.equal(streamText(await first), "of the first\n");
    const reply = await replied;
    assert.deepEqual([reply.parentHeader?.msg_id, reply.content.status], [id, "ok"]);
    const output = await kernel.waitFor(
      (message) => isMessage(message, "stream") && message.parentHeader?.msg_id === id,
    );
    assert.equal(output.content.text, "of the second 2\n");
    const replies = heard.filter(([channel]) => channel !== "iopub");
    assert.equal(replies.length, 1, "the second client got only its own reply");
  } finally {
    second.close();
    await kernel.stop();
  }
});

test("a kernel whose port is taken says which address it could not have, and ends with code 1", async () => {
  const folder = await temporaryFolder();
  const connection = await createConnection();
  const holder = createServer().listen(connection.shell_port, connection.ip);
  await once(holder, "listening");
  try {
    const file = join(folder, "connection.json");
    await writeConnectionFile(file, connection);
    const { argv } = await findKernelspec("ictal");
    const [command, ...words] = argv.map((word) => word.replace("{connection_file}", file));
    const child = spawn(command!, words, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = await once(child, "close");
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`:${connection.shell_port}\\b`));
  } finally {
    holder.close();
    await rm(folder, { recursive: true, force: true });
  }
});

/** Starts a kernel and hands `use` a client that writes headers as `header` has them. */
async function withClient(
  header: Readonly<Record<string, string>>,
  use: (client: ForeignClient, kernel: TestKernel) => Promise<void>,
): Promise<void> {
  const kernel = await startKernel();
  const client = await connectAs(kernel.connection, header);
  try {
    await use(client, kernel);
  } finally {
    client.close();
    await kernel.stop();
  }
}

test("the messages of VS Code's client are answered", () =>
  withClient({ username: "", version: "5.2" }, async (client) => {
    const info = await client.ask("shell", "kernel_info_request", {});
    assert.equal((info.content.language_info as { name: string }).name, "typescript");
    const comms = await client.ask("shell", "comm_info_request", { target_name: "jupyter.widget" });
    assert.deepEqual(comms.content, { status: "ok", comms: {} });
    const cell = (code: string) => ({
      code,
      silent: false,
      stop_on_error: false,
      allow_stdin: true,
      store_history: true,
    });
    const metadata = {
      cellId: "vscode-notebook-cell:/a%20b.ipynb#W0sZmlsZQ==",
      tags: [],
      jupyter: { source_hidden: false },
    };
    const failing = client.send("shell", "execute_request", cell("throw new Error('first')"), metadata);
    const asking = client.send("shell", "execute_request", cell("prompt('Name?')"), metadata);
    assert.equal((await client.reply(failing)).content.status, "error");
    const request = await client.on("stdin", "input_request");
    client.send("stdin", "input_reply", { value: "typed", status: "ok" }, {}, request);
    assert.equal((await client.reply(asking)).content.status, "ok", "the queue goes on after an error");
    const result = await client.on("iopub", "execute_result", asking);
    assert.equal((result.content.data as Record<string, string>)["text/plain"]?.replaceAll("'", ""), "typed");
    const hidden = {
      code: "1 + 1",
      silent: true,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: false,
    };
    assert.equal((await client.ask("shell", "execute_request", hidden)).content.status, "ok");
    const completed = await client.ask("shell", "complete_request", { code: "JSON.pa", cursor_pos: 7 });
    assert.deepEqual(completed.content.matches, ["parse"]);
    const help = client.send("shell", "execute_request", cell("parseInt?"), metadata);
    const [page] = (await client.reply(help)).content.payload as { source: string; data: Record<string, string> }[];
    assert.match(page!.data["text/plain"]!, /^function parseInt/, "VS Code prints the text of a payload");
    const looping = client.send("shell", "execute_request", cell("while (true);"), metadata);
    await client.on("iopub", "execute_input", looping);
    assert.equal((await client.ask("control", "interrupt_request", {})).content.status, "ok");
    assert.equal((await client.reply(looping)).content.status, "error");
    assert.deepEqual((await client.ask("control", "shutdown_request", { restart: true })).content, {
      status: "ok",
      restart: true,
    });
  }));

test("the messages of Zed's client are answered, in shapes that its parser takes", () =>
  withClient({ username: "runtimelib", version: "5.3" }, async (client) => {
    assert.deepEqual((await client.on("iopub", "iopub_welcome")).content, { subscription: "" });
    const info = await client.ask("shell", "kernel_info_request", {});
    const { codemirror_mode: mode } = info.content.language_info as { codemirror_mode: unknown };
    assert.equal(typeof mode, "string");
    const cell = (code: string) => ({
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: true,
      stop_on_error: true,
    });
    const failing = client.send("shell", "execute_request", cell("throw new Error('first')"));
    const waiting = client.send("shell", "execute_request", cell("2"));
    assert.equal((await client.reply(failing)).content.status, "error");
    assert.equal((await client.reply(waiting)).content.status, "aborted");
    const asking = client.send("shell", "execute_request", cell("prompt('Name?')"));
    const request = await client.on("stdin", "input_request");
    assert.deepEqual(Object.keys(request.content).sort(), ["password", "prompt"]);
    client.send("stdin", "input_reply", { value: "typed", status: "ok" }, {}, request);
    const { content } = await client.reply(asking);
    assert.deepEqual([content.status, content.payload], ["ok", []]);
    const looping = client.send("shell", "execute_request", cell("for (;;);"));
    await client.on("iopub", "execute_input", looping);
    client.send("control", "interrupt_request", {});
    assert.equal((await client.reply(looping)).content.ename, "Interrupted");
    assert.equal((await client.ask("control", "shutdown_request", { restart: false })).content.status, "ok");
  }));

test("notebooks written for Deno's kernel show what they show there, and packages see no Deno", async () => {
  const kernel = await startKernel();
  try {
    const answer =
      await kernel.execute(`await Deno.jupyter.broadcast("display_data", { data: { "text/html": "<b>a</b>" }, metadata: {}, transient: { display_id: "d" } });
await Deno.jupyter.broadcast("update_display_data", { data: { "text/html": "<b>b</b>" }, metadata: {}, transient: { display_id: "d" } });
await Deno.jupyter.display(Deno.jupyter.md\`# \${1}\`);
typeof (globalThis as { Deno?: unknown }).Deno`);
    assert.equal(answer.reply.content.status, "ok", JSON.stringify(answer.reply.content));
    const shown = answer.iopub
      .filter(({ content }) => content.data)
      .map(({ header, content }) => [header.msg_type, Object.values(content.data as object)[0]]);
    assert.deepEqual(shown.slice(0, 3), [
      ["display_data", "<b>a</b>"],
      ["update_display_data", "<b>b</b>"],
      ["display_data", "# 1"],
    ]);
    assert.match(String(shown[3]?.[1]), /undefined/);
    assert.equal((await kernel.execute("const Deno = { jupyter: 3 }; Deno.jupyter + 1")).reply.content.status, "ok");
  } finally {
    await kernel.stop();
  }
});
