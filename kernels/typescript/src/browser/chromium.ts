import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** What to do where there is none; ends a sentence. */
export const CHROMIUM_HINT =
  "install Chromium (Debian: apt-get install chromium fonts-dejavu-core) or name one by ICTAL_CHROMIUM";

/** Where an installed Chromium or Chrome lies: what ICTAL_CHROMIUM names, else the first on PATH; undefined for none. */
export function chromiumPath(): string | undefined {
  const named = process.env.ICTAL_CHROMIUM;
  if (named) return existsSync(named) ? named : undefined;
  const folders = (process.env.PATH ?? "").split(delimiter).concat("/usr/bin");
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path));
}
