import { spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageDir } from "../src/project.js";
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

/** Runs the verbs to their end. */
export function runCli(words: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<CliRun> {
  return startCli(words, options).done;
}
