/** The thread of runCli in make-notebook.ts: runs a verb for each message, and gives back what it printed and its exit code. */
import { parentPort } from "node:worker_threads";
import { runVerbs } from "./run-verbs.js";

/** What the thread is asked. */
export interface CliRequest {
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

const printed = { stdout: "", stderr: "" };
for (const name of ["stdout", "stderr"] as const)
  process[name].write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    printed[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
    const done = rest.find((each) => typeof each === "function") as (() => void) | undefined;
    if (done) queueMicrotask(done);
    return true;
  };

function answer(error?: unknown): void {
  if (error !== undefined) {
    printed.stderr += `${error instanceof Error ? error.stack : error}\n`;
    process.exitCode = 1;
  }
  parentPort!.postMessage({ code: Number(process.exitCode ?? 0), ...printed });
}
process.on("uncaughtException", answer);

parentPort!.on("message", ({ words, environment }: CliRequest) => {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(environment, name)) delete process.env[name];
  Object.assign(process.env, environment);
  Object.assign(printed, { stdout: "", stderr: "" });
  process.exitCode = undefined;
  runVerbs(words).then(() => answer(), answer);
});
