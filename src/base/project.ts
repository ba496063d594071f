import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of this package; this module is in its dist/src/base. */
export const packageDir = fileURLToPath(new URL("../../../", import.meta.url)).replace(/[/\\]$/, "");

/** Whether this package is a checkout, which is compiled in place; a published package carries no build settings. */
export const isCheckout = existsSync(join(packageDir, "tsconfig.build.json"));

function projectAbove(dir: string): string | undefined {
  if (existsSync(join(dir, "package.json"))) return dir;
  return dirname(dir) === dir ? undefined : projectAbove(dirname(dir));
}

/** Folder that relative paths are resolved against: the checkout; of an installed package the user's project, else the working folder. */
export const projectDir = isCheckout ? packageDir : (projectAbove(process.cwd()) ?? process.cwd());

/** `path` made absolute, relative paths against the project's folder. URLs such as s3://… are not changed. */
export function projectPath(path: string): string {
  return path.includes("://") || isAbsolute(path) ? path : join(projectDir, path);
}

/** `path` for messages: relative to the project's folder when it is inside, else unchanged. */
export function projectRelative(path: string): string {
  if (!isAbsolute(path)) return path;
  const inside = relative(projectDir, path);
  return inside.startsWith("..") || isAbsolute(inside) ? path : inside;
}
