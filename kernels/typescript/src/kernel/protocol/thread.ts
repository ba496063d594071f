/** The protocol thread: owns the sockets, never computes, and so answers while a cell does. */
import { parentPort, workerData } from "node:worker_threads";
import { attachLanguage } from "../language/client.js";
import { type ProtocolData, SHARED, type ToMain, type ToProtocol } from "../threads/messages.js";
import { reportMemory } from "../threads/thread-memory.js";
import { type Assistant, withMagics } from "./assistant.js";
import { openHistory } from "./history.js";
import { createInputRelay } from "./input.js";
import { createInterrupter } from "./interrupter.js";
import { createIopub } from "./iopub.js";
import { kernelInfo } from "./kernel-info.js";
import { KernelProtocol } from "./kernel-protocol.js";
import { listenToSignal } from "./signals.js";
import { bindSockets, type KernelSockets } from "./sockets.js";

/** The main thread has this long to end the process in its own way. */
const EXIT_MILLISECONDS = 1000;
const SIGTERM_CODE = 143;

const data = workerData as ProtocolData; // what main.ts starts this with
const main = parentPort!; // this module is a worker's
const shared = new Int32Array(data.shared);
reportMemory("protocol");
const post = (message: ToMain) => main.postMessage(message);

let sockets: KernelSockets | undefined;
let isLeaving = false;
let killer: NodeJS.Timeout | undefined;
let offerAssistant: (assistant: Assistant) => void = () => {};

const iopub = createIopub(data.session, (message) => sockets?.send("iopub", message));
const interrupter = createInterrupter(post);
const input = createInputRelay(() => sockets!, data.session, data.inputPort, shared); // a question comes from a cell, which came through a socket

/** Closes the sockets, for Node aborts when it exits with open ones, then has the main thread end the process. */
function leave(code: number): void {
  if (isLeaving) return;
  isLeaving = true;
  iopub.flush();
  sockets?.close();
  sockets = undefined;
  input.cancel();
  killer = setTimeout(() => process.kill(process.pid, "SIGKILL"), EXIT_MILLISECONDS); // it is inside a native call
  void interrupter.interrupt().then(() => post({ type: "exit", code }));
}

/** Lets go of everything that keeps this thread alive. */
function endThread(): void {
  clearTimeout(killer);
  sockets?.close();
  interrupter.close();
  data.inputPort.close();
  main.close();
}

const protocol = new KernelProtocol({
  session: data.session,
  sockets: { send: (channel, message) => sockets?.send(channel, message), close: () => {} },
  iopub,
  history: openHistory(data.historyFile, data.session),
  input,
  interrupter,
  requests: {
    connection: data.connection,
    info: kernelInfo({ kernel: data.kernelVersion, typescript: data.typescriptVersion }),
    assistant: new Promise((resolve) => {
      offerAssistant = resolve;
    }),
  },
  post,
  shutdown: () => leave(0),
});

/** Output that has been taken over no longer holds up the main thread. */
function release(characters: number): void {
  Atomics.sub(shared, SHARED.outputPending, characters);
  Atomics.notify(shared, SHARED.outputPending);
}

main.on("message", (message: ToProtocol) => {
  if (message.type === "language") offerAssistant(withMagics(attachLanguage(message.port)));
  else if (message.type === "leaving") endThread();
  else if (message.type === "signal") onSignal(message.signal);
  else protocol.onMain(message);
  if (message.type === "stream") release(message.text.length);
});

function onSignal(name: "SIGINT" | "SIGTERM"): void {
  if (name === "SIGINT") protocol.interrupt();
  else leave(SIGTERM_CODE);
}

sockets = await bindSockets(data.connection, {
  onMessage: (channel, message) => protocol.onMessage(channel, message),
  onSubscription: (topic) => iopub.welcome(topic),
});
iopub.publish("status", { execution_state: "starting" }, undefined);
const handled = (["SIGINT", "SIGTERM"] as const).map((name) => listenToSignal(name, () => onSignal(name)));
post({ type: "bound", handlesSignals: handled.every(Boolean) });
