import { spawn } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface CellSpec {
  readonly code?: string;
  readonly markdown?: string;
  readonly tags?: readonly string[];
}

/** A fresh folder below the system's temporary one. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "ictal-test-"));
}

/** The text of an .ipynb file with these cells; plain strings are code. */
export function notebookText(cells: readonly (string | CellSpec)[], kernel = "tslab"): string {
  const raw = cells.map((spec, i) => {
    const { code, markdown, tags } =
      typeof spec === "string" ? { code: spec, markdown: undefined, tags: undefined } : spec;
    const metadata = tags ? { tags } : {};
    if (markdown !== undefined) return { cell_type: "markdown", id: `cell-${i}`, metadata, source: markdown };
    return { cell_type: "code", id: `cell-${i}`, metadata, source: code ?? "", outputs: [], execution_count: null };
  });
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: kernel, display_name: kernel } },
    cells: raw,
  });
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
