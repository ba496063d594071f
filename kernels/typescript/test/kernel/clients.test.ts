// What front ends do beside one client on free ports: two of them at once, sockets of one identity, ports that are taken.
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
import { startKernel, streamText } from "./start-kernel.js";

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
