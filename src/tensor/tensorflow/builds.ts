import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isIctalError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../../base/parse-json.js";
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

const recordSchema = z.object({
  /** The argument of pip, e.g. "tensorflow-cpu==2.21.0". */
  wheel: z.string(),
  /** TensorFlow's own version. */
  version: z.string(),
  /** Whether it computed on a GPU when it was built. */
  usesGpu: z.boolean(),
  /** Hash of all that the addon was made from. */
  key: z.string(),
});

/** What is written about a build. */
export type BuildRecord = z.infer<typeof recordSchema>;

export type TensorflowBuild = BuildRecord & { readonly dir: string };

export const currentPath = (dir: string): string => join(dir, CURRENT);
export const recordPath = (dir: string): string => join(dir, BUILD);

/** The build in a folder, or undefined when none was finished there. */
export function readBuild(dir: string): TensorflowBuild | undefined {
  if (!existsSync(recordPath(dir)) || !existsSync(join(dir, ADDON))) return undefined;
  try {
    return {
      dir,
      ...parseJson(recordSchema, readFileSync(recordPath(dir), "utf8"), recordPath(dir), "build again"),
    };
  } catch (error) {
    if (isIctalError(error, "FormatError")) return undefined; // cut off or of another program: build it again
    throw error;
  }
}

/** The build in use, or undefined. */
export function currentBuild(dir: string = BUILDS_DIR): TensorflowBuild | undefined {
  if (!existsSync(currentPath(dir))) return undefined;
  return readBuild(join(dir, readFileSync(currentPath(dir), "utf8").trim()));
}
