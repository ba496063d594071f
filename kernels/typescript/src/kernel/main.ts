/** The kernel's main thread: starts the others, then runs cells. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { packageVersion } from "../project.js";
import { type ConnectionInfo, readConnectionFile } from "../wire/connection.js";
import { kernelProject } from "./project/kernel-project.js";
import { historyFile } from "./protocol/history.js";
import { SIGNAL_FLAGS } from "./protocol/signals.js";
import { guardProcess } from "./session/guards.js";
import { captureOutput } from "./session/output.js";
import { startSession } from "./session/session.js";
import { createSourceMaps } from "./session/source-maps.js";
import { type ProtocolData, SHARED, type ToProtocol } from "./threads/messages.js";

/** Threads have this long to close their sockets: Node aborts when one is open at the end. */
const EXIT_MILLISECONDS = 500;

const versionIn = (path: string) => (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version; // a package.json has one

function startHeartbeat(connection: ConnectionInfo): Worker {
  const workerData = { connection, parent: process.ppid, starter: Number(process.env.JPY_PARENT_PID ?? 0) };
  return new Worker(new URL("./protocol/heartbeat.js", import.meta.url), { workerData });
}

function startProtocol(connection: ConnectionInfo, shared: SharedArrayBuffer, inputPort: MessagePort): Worker {
  const workerData: ProtocolData = {
    connection,
    session: randomUUID(),
    inputPort,
    shared,
    kernelVersion: packageVersion(),
    typescriptVersion: versionIn(createRequire(import.meta.url).resolve("typescript/package.json")),
    historyFile: historyFile(),
  };
  const options = { workerData, transferList: [inputPort], execArgv: [...SIGNAL_FLAGS] };
  return new Worker(new URL("./protocol/thread.js", import.meta.url), options);
}

/** Describes a thread that failed: the message of a known error, the stack of any other. */
const describeFailure = (error: Error): string =>
  error.name === "FormatError" ? error.message : (error.stack ?? error.message);

/** Runs the kernel of `connectionFile` until it is shut down; `notice` is shown with the first cell. */
export async function startKernel(connectionFile: string, notice?: string): Promise<void> {
  const connection = await readConnectionFile(connectionFile);
  const shared = new SharedArrayBuffer(4 * SHARED.length);
  const input = new MessageChannel();
  const protocol = startProtocol(connection, shared, input.port1);
  const heartbeat = startHeartbeat(connection);
  const maps = createSourceMaps(kernelProject);
  const writeError = process.stderr.write.bind(process.stderr);
  const post = (message: ToProtocol, transfer?: readonly (ArrayBuffer | MessagePort)[]) =>
    protocol.postMessage(message, transfer);
  captureOutput(post, new Int32Array(shared));
  const exit = guardProcess(maps, post);
  const leave = (code: number) => {
    const ended = [protocol, heartbeat].map((thread) => once(thread, "exit"));
    post({ type: "leaving" });
    heartbeat.postMessage("leaving");
    // A thread may fail instead of ending; its failure is reported below.
    void Promise.race([Promise.allSettled(ended), sleep(EXIT_MILLISECONDS)]).then(() => exit(code));
  };
  // A kernel whose sockets cannot work is of no use: it prints the reason and ends.
  for (const thread of [protocol, heartbeat]) {
    thread.on("error", (error) => {
      process.stderr.write = writeError; // there is no other way to report it
      process.stderr.write(`ictal kernel: ${describeFailure(error)}\n`);
      leave(1);
    });
  }
  const receive = startSession({ post, leave, maps, input: input.port2, shared: new Int32Array(shared), notice });
  protocol.on("message", receive);
}
