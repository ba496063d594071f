import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeProject, type TestProject } from "../make-project.js";

/** A cell's code, or a change of a file below the project's folder between two cells. */
export type Step =
  | string
  | { readonly write: string; readonly text: string }
  | { readonly rename: string; readonly to: string }
  | { readonly remove: string };

export interface CellOutcome {
  /** The compiler's messages as "line:column text". */
  readonly messages: readonly string[];
  readonly value?: unknown;
  /** Stack of what the cell threw. */
  readonly thrown?: string | undefined;
  readonly reloaded: readonly string[];
  readonly failed: readonly string[];
  readonly checkMilliseconds: number;
}

/** Adds files to a project; folders are made as needed. */
export async function addFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** A project with these files beside `src/index.ts`. */
export async function makeCellProject(
  index: string,
  files: Readonly<Record<string, string>> = {},
): Promise<TestProject> {
  const project = await makeProject(index);
  await addFiles(project.root, files);
  return project;
}

/** Runs cells, and changes of files between them, in a fresh process; one outcome per cell. */
export async function runCells(
  project: Pick<TestProject, "root" | "notebooks">,
  steps: readonly Step[],
): Promise<CellOutcome[]> {
  const script = fileURLToPath(new URL("./cells-process.js", import.meta.url));
  const words = ["--experimental-vm-modules", script, project.root, project.notebooks, JSON.stringify(steps)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, words, { maxBuffer: 1 << 26 });
  if (stderr !== "") throw new Error(`the cells' process wrote on stderr: ${stderr}`);
  return JSON.parse(stdout) as CellOutcome[];
}

/** What a cell came to, in one word or message. */
export const resultOf = ({ messages, thrown, value }: CellOutcome): unknown =>
  messages.length > 0 ? messages.join("; ") : (thrown ?? value);
