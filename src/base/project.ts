import { isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of the project's package.json; this module runs from dist/src/base. */
export const projectDir = fileURLToPath(new URL("../../../", import.meta.url)).replace(/[/\\]$/, "");

/** `path` made absolute, relative paths counting from the project's folder. URLs such as s3://… stay as they are. */
export function projectPath(path: string): string {
  return path.includes("://") || isAbsolute(path) ? path : join(projectDir, path);
}

/** `path` as people should read it: relative to the project's folder when it lies inside, else unchanged. */
export function projectRelative(path: string): string {
  if (!isAbsolute(path)) return path;
  const inside = relative(projectDir, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}
