import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of this package; this module runs from its dist/src. */
export const packageDir = fileURLToPath(new URL("../../", import.meta.url)).replace(/[/\\]$/, "");

/** Names the project whose package cells may import wherever their notebook lies; a kernelspec sets it. */
export const HOME_PROJECT = "ICTAL_KERNEL_PROJECT";

/** The project that started the kernel or the runner, where one is named. */
export const homeProject = (env: NodeJS.ProcessEnv = process.env): string | undefined => env[HOME_PROJECT] || undefined;

/** The nearest folder at or above `folder` with a package.json. */
export function projectAbove(folder: string): string | undefined {
  for (let dir = resolve(folder); ; dir = dirname(dir)) {
    if (existsSync(join(dir, "package.json"))) return dir;
    if (dir === dirname(dir)) return undefined;
  }
}

/** The project that a notebook in `folder` belongs to: the nearest package.json, else the home project, else the folder. */
export const projectOf = (folder: string): string => projectAbove(folder) ?? homeProject() ?? resolve(folder);

/** `path` as people should read it: relative to `project` when it lies inside, with slashes; else unchanged. */
export function shownPath(path: string, project: string): string {
  const inside = relative(project, path);
  if (!isAbsolute(path) || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return path;
  return inside.split(sep).join("/");
}

let version: string | undefined;

/** The version of this package. */
export function packageVersion(): string {
  version ??= (JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as { version: string }).version; // our own
  return version;
}
