import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the project's package.json; this module runs from dist/src/base. */
export const projectDir = fileURLToPath(new URL("../../../", import.meta.url)).replace(/[/\\]$/, "");

/** `path` made absolute, relative paths counting from the project's folder. URLs such as s3://… stay as they are. */
export function projectPath(path: string): string {
  return path.includes("://") || isAbsolute(path) ? path : join(projectDir, path);
}
