import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "@ictal/base/canonical";
import { makeFolder } from "@ictal/base/make-folder";
import { plotlyLibrary } from "../figure-html.js";
import { packageDir } from "../project.js";

const NAME = "ictal-figures";

/**
 * Lays the extension that draws plotly figures off line into `prefix`/share/jupyter/labextensions, with plotly.js beside
 * it, unless this very version is there. JupyterLab finds it at its next start; nothing is built.
 */
export async function installFiguresExtension(prefix: string): Promise<void> {
  const script = await readFile(join(packageDir, "jupyterlab/figures.js"), "utf8");
  const { path, version } = plotlyLibrary();
  const load = `static/figures.${sha256(script + version).slice(0, 12)}.js`; // a name of its own: browsers keep the old one
  const manifest = {
    name: NAME,
    version: "0.1.0",
    description: "plotly figures of Ictal, off line, and live displays that outlive a reload",
    license: "Apache-2.0",
    jupyterlab: { _build: { load, extension: "./extension", mimeExtension: "./mimeExtension" } },
  };
  const folder = join(prefix, "share/jupyter/labextensions", NAME);
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  const present = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined);
  if (present === text) return;
  await rm(folder, { recursive: true, force: true });
  await makeFolder(join(folder, "static"));
  await copyFile(path, join(folder, "static/plotly.js"));
  await writeFile(join(folder, load), script);
  await writeFile(join(folder, "package.json"), text); // last: it marks a complete installation
}
