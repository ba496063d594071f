import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
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

/** A process that runs cells, as a kernel does; what one cell declares the later ones see. */
export interface CellProcess {
  /** Runs cells, and changes of files between them; one outcome per cell. */
  run(steps: readonly Step[]): Promise<CellOutcome[]>;
  close(): Promise<void>;
}

/** Starts a process for cells of a project. */
export function openCells(project: Pick<TestProject, "root" | "notebooks">): CellProcess {
  const script = fileURLToPath(new URL("./cells-process.js", import.meta.url));
  const words = ["--experimental-vm-modules", script, project.root, project.notebooks];
  const child = spawn(process.execPath, words, { stdio: "pipe" });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = text(child.stderr);
  const ended = once(child, "exit");
  const checkSaid = async () => {
    if ((await said) !== "") throw new Error(`the cells' process wrote on stderr: ${await said}`);
  };
  return {
    async run(steps) {
      child.stdin.write(`${JSON.stringify(steps)}\n`);
      const { value, done } = await lines.next();
      if (!done) return JSON.parse(value) as CellOutcome[];
      await checkSaid();
      throw new Error("the cells' process ended without an answer");
    },
    async close() {
      child.stdin.end();
      await ended;
      await checkSaid();
    },
  };
}

/** Runs cells, and changes of files between them, in a fresh process; one outcome per cell. */
export async function runCells(
  project: Pick<TestProject, "root" | "notebooks">,
  steps: readonly Step[],
): Promise<CellOutcome[]> {
  const cells = openCells(project);
  const outcomes = await cells.run(steps);
  await cells.close();
  return outcomes;
}

/** What a cell came to, in one word or message. */
export const resultOf = ({ messages, thrown, value }: CellOutcome): unknown =>
  messages.length > 0 ? messages.join("; ") : (thrown ?? value);
