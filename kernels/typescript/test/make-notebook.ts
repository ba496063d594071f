import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { packageDir } from "../src/project.js";
import type { CliRequest } from "./cli-worker.js";
import { type CellSpec, notebookText } from "./notebook-text.js";

export { type CellSpec, notebookText };

/** The checkout that this package is a workspace of. */
export const checkout = join(packageDir, "../..");

/** A fresh folder below the system's temporary one. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "ictal-test-"));
}

/** Writes such a notebook as `name` into `folder`; returns its path. */
export async function makeNotebook(
  folder: string,
  cells: readonly (string | CellSpec)[],
  options: { name?: string; kernel?: string } = {},
): Promise<string> {
  const path = join(folder, options.name ?? "input.ipynb");
  await writeFile(path, notebookText(cells, options.kernel));
  return path;
}

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the verbs `notebook` and `kernel` in a process of their own, in the folder `cwd`. */
export function startCli(words: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
  const script = fileURLToPath(new URL("./cli.js", import.meta.url));
  const child = spawn(process.execPath, [script, ...words], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const waiting: { text: string; resolve: () => void }[] = [];
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const { text, resolve } of waiting) if (stdout.includes(text)) resolve();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const done = new Promise<CliRun>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return {
    child,
    done,
    /** Resolves when stdout holds `text`. */
    printed: (text: string) =>
      stdout.includes(text) ? Promise.resolve() : new Promise<void>((resolve) => waiting.push({ text, resolve })),
  };
}

let thread: Worker | undefined;
let ended: Promise<unknown> = Promise.resolve();

/** The thread in which runCli runs verbs, with their modules loaded; it ends with this process. */
function cliThread(): Worker {
  thread ??= new Worker(new URL("./cli-worker.js", import.meta.url));
  thread.unref();
  return thread;
}

async function runInThread(request: CliRequest, cwd: string): Promise<CliRun> {
  const worker = cliThread();
  const before = process.cwd();
  process.chdir(cwd); // of all threads
  worker.ref();
  worker.postMessage(request);
  try {
    const [run] = (await once(worker, "message")) as [CliRun]; // the event's contract; a lost thread rejects
    return run;
  } finally {
    worker.unref();
    process.chdir(before);
  }
}

/**
 * Runs the verbs to their end, one after the other in a thread of this process, which spares each half a second of starting. What
 * is sent signals, or ends its process, is started by startCli.
 */
export function runCli(words: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<CliRun> {
  const request = { words, environment: { ...process.env, ...options.env } };
  const run = ended.then(() => runInThread(request, options.cwd));
  ended = run.catch(() => {});
  return run;
}
