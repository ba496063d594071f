import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectPath } from "../../base/project.js";

/**
 * Addons built here against a TensorFlow wheel, on disk: `BUILDS_DIR/NAME/` holds a Python environment with the wheel, the
 * addon, and build.json, written last; the file `current` names the one in use. Its own folder, not JupyterLab's `.venv`:
 * either may be deleted and made anew without the other.
 */
export const BUILDS_DIR = projectPath(".build/tensorflow");
const CURRENT = "current";
const BUILD = "build.json";
export const ADDON = "tfjs_binding.node";

/** What is written about a build. */
export interface BuildRecord {
  /** What pip was asked for, e.g. "tensorflow-cpu==2.21.0". */
  readonly wheel: string;
  /** TensorFlow's own version. */
  readonly version: string;
  /** Whether it computed on a GPU when it was built. */
  readonly usesGpu: boolean;
  /** Hash of all that the addon was made from. */
  readonly key: string;
}

export interface TensorflowBuild extends BuildRecord {
  readonly folder: string;
}

export const currentPath = (dir: string): string => join(dir, CURRENT);
export const recordPath = (folder: string): string => join(folder, BUILD);

/** The build in a folder, or undefined when none was finished there. */
export function readBuild(folder: string): TensorflowBuild | undefined {
  if (!existsSync(recordPath(folder)) || !existsSync(join(folder, ADDON))) return undefined;
  try {
    return { folder, ...(JSON.parse(readFileSync(recordPath(folder), "utf8")) as BuildRecord) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // cut off: build it again
    throw error;
  }
}

/** The build in use, or undefined. */
export function currentBuild(dir: string = BUILDS_DIR): TensorflowBuild | undefined {
  if (!existsSync(currentPath(dir))) return undefined;
  return readBuild(join(dir, readFileSync(currentPath(dir), "utf8").trim()));
}
