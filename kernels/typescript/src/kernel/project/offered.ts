import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { homeProject, packageDir } from "../../project.js";
import { exportedPath, type Manifest, readManifest } from "./manifest.js";

interface Offer {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The name of the package in a specifier: `@scope/name/file` is of `@scope/name`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

function isInstalled(name: string, folder: string): boolean {
  for (let dir = folder; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "node_modules", name))) return true;
    if (dir === dirname(dir)) return false;
  }
}

let offers: ReadonlyMap<string, Offer> | undefined;

function readOffers(): ReadonlyMap<string, Offer> {
  const folders = [packageDir, homeProject()].filter((folder) => folder !== undefined);
  const found = folders.map((folder) => ({ folder, manifest: readManifest(folder) ?? {} }));
  return new Map(found.map((offer) => [offer.manifest.name ?? "", offer]));
}

/**
 * The JavaScript file of a package that the kernel brings where a notebook in `folder` has none of that name installed:
 * this package, and that of the project the kernel was installed from. Undefined for every other specifier.
 */
export function offeredPath(specifier: string, folder: string): string | undefined {
  offers ??= readOffers();
  const name = packageOf(specifier);
  const offer = name === "" ? undefined : offers.get(name);
  if (!offer || isInstalled(name, folder)) return undefined;
  const path = exportedPath(offer.manifest, `.${specifier.slice(name.length)}`);
  return path === undefined ? undefined : join(offer.folder, path);
}
