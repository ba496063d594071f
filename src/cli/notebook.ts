import { join } from "node:path";
import type { Command } from "commander";
import { projectDir } from "../base/project.js";
import { notebookStore } from "./notebook-store.js";
import { watched } from "./watched.js";

/** Cells may import this package wherever their notebook lies. */
const offerPackage = (): void => {
  process.env.ICTAL_KERNEL_PROJECT ??= projectDir;
};

/** Adds `ictal notebook exec|params|report|table|diff`. */
export async function notebookCommand(): Promise<(program: Command) => void> {
  offerPackage();
  const { addNotebookVerbs } = await import("@ictal/jupyter/cli/notebook");
  const defaultNotebook = join(projectDir, "notebooks/00-smoke.ipynb");
  const host = { call: "ictal notebook", defaultNotebook, store: notebookStore, watched };
  return (program) =>
    addNotebookVerbs(program.command("notebook").description("run notebooks headless, without Python"), host);
}

/** Adds `ictal kernel install|list|remove`. */
export async function kernelCommand(): Promise<(program: Command) => void> {
  offerPackage();
  return (await import("@ictal/jupyter/cli/kernel")).addKernelCommand;
}

/** Adds `ictal lab`. */
export async function labCommand(): Promise<(program: Command) => void> {
  offerPackage();
  return (await import("@ictal/jupyter/cli/lab")).addLabCommand;
}
