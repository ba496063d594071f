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
  Control,
  DisplayHandle,
  ImageOptions,
  Interaction,
  Kernel,
  Widget,
} from "@ictal/jupyter";

type Names =
  | "bundleOf"
  | "Comm"
  | "controls"
  | "createDisplayProgress"
  | "display"
  | "figureImage"
  | "interact"
  | "liveDisplay"
  | "output";

function refuse(name: string): never {
  throw new UnsupportedError(`${name} needs the package @ictal/jupyter: npm install @ictal/jupyter`);
}

/** Loaded at once and in step, since kernels that load this package by require() allow no waiting. */
function loadJupyter(): Pick<typeof Jupyter, Names | "kernel"> {
  try {
    return createRequire(import.meta.url)("@ictal/jupyter") as typeof Jupyter; // the module that the types describe
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    const refusing = (name: string) => () => {
      refuse(name);
    };
    const noControls = new Proxy({}, { get: (_, control) => refusing(`controls.${String(control)}`) });
    const noKernel = { signal: new AbortController().signal, executionCount: 0, clearOutput: () => {} };
    return new Proxy({} as typeof Jupyter, {
      get: (_, name) => {
        if (name === "controls") return noControls;
        return name === "kernel" ? noKernel : refusing(String(name));
      },
    });
  }
}

export const {
  bundleOf,
  Comm,
  controls,
  createDisplayProgress,
  display,
  figureImage,
  interact,
  kernel,
  liveDisplay,
  output,
} = loadJupyter();
export type Comm = Jupyter.Comm;
