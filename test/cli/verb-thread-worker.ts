/** The thread of verb-thread.ts: runs a verb for each request, and gives back what it printed and its exit code. */
import { type MessagePort, workerData } from "node:worker_threads";
import { runCommand } from "../../src/cli/run-command.js";
import type { VerbRequest } from "./verb-thread.js";

const { port, answered } = workerData as { port: MessagePort; answered: Int32Array };
const printed = { stdout: "", stderr: "" };

/** `process.exit` of a verb ends the verb and not the thread. */
class Exit extends Error {}

for (const name of ["stdout", "stderr"] as const)
  process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    printed[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    const done = rest.find((each) => typeof each === "function") as (() => void) | undefined;
    if (done) queueMicrotask(done);
    return true;
  };
process.exit = (code?: number | string | null) => {
  process.exitCode = code ?? process.exitCode;
  throw new Exit();
};

function answer(error?: unknown): void {
  if (error !== undefined && !(error instanceof Exit)) {
    printed.stderr += `${error instanceof Error ? error.stack : error}\n`;
    process.exitCode = 1;
  }
  port.postMessage({ status: Number(process.exitCode ?? 0), ...printed });
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
}
process.on("uncaughtException", answer);

port.on("message", ({ words, environment }: VerbRequest) => {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(environment, name)) delete process.env[name];
  Object.assign(process.env, environment);
  Object.assign(printed, { stdout: "", stderr: "" });
  process.exitCode = undefined;
  runCommand(words).then(() => answer(), answer);
});
