/**
 * What cells show and ask. Needs the package @ictal/jupyter; without it each call throws an UnsupportedError.
 * @module ictal/notebook
 */
import { createRequire } from "node:module";
import { UnsupportedError } from "@ictal/base/errors";
import type * as Jupyter from "@ictal/jupyter";

export type {
  CommExtras,
  CommReceived,
  DisplayHandle,
  ImageOptions,
  Kernel,
} from "@ictal/jupyter";

type Names = "bundleOf" | "Comm" | "createDisplayProgress" | "display" | "figureImage" | "liveDisplay" | "output";

function refuse(name: string): never {
  throw new UnsupportedError(`${name} needs the package @ictal/jupyter: npm install @ictal/jupyter`);
}

/** Loaded at once and in step, since kernels that load this package by require() allow no waiting. */
function loadJupyter(): Pick<typeof Jupyter, Names | "kernel"> {
  try {
    return createRequire(import.meta.url)("@ictal/jupyter") as typeof Jupyter; // the module that the types describe
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    return new Proxy({} as typeof Jupyter, {
      get: (_, name) =>
        name === "kernel"
          ? { signal: new AbortController().signal, executionCount: 0, clearOutput: () => {} }
          : () => {
              refuse(String(name));
            },
    });
  }
}

export const { bundleOf, Comm, createDisplayProgress, display, figureImage, kernel, liveDisplay, output } =
  loadJupyter();
export type Comm = Jupyter.Comm;
