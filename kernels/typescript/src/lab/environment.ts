import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import { checkPython, makeVenv, pipInstall, pythonOf } from "@ictal/base/python";
import { installKernelspec, listKernelspecs } from "../kernelspec.js";
import { homeProject, packageDir, projectOf } from "../project.js";
import { installFiguresExtension } from "./figures-extension.js";

export interface LabEnvironmentOptions {
  /** Folder of the virtual environment. @default .venv in the project */
  readonly venv?: string | undefined;
  /** Python that makes it. @default ICTAL_LAB_PYTHON, else python3 */
  readonly python?: string | undefined;
  /** Receives a line for each step that takes time. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Aborting ends the installation; the next call does it again. */
  readonly signal?: AbortSignal | undefined;
}

/** A virtual environment with JupyterLab, our kernels and our figures in it. */
export interface LabEnvironment {
  readonly venv: string;
  readonly python: string;
}

const REQUIREMENTS = join(packageDir, "jupyterlab/requirements.txt");
/** The project that is served: the one that started this program, else that of the working folder. */
export const labProject = (): string => homeProject() ?? projectOf(process.cwd());

const PURPOSE = { who: "JupyterLab", chooser: "ICTAL_LAB_PYTHON" };

/** JupyterLab asks no server for news and updates, unless the user's settings in the environment differ. */
async function quietNews(venv: string): Promise<void> {
  const folder = join(venv, "share/jupyter/lab/settings");
  const settings = { "@jupyterlab/apputils-extension:notification": { checkForUpdates: false, fetchNews: "false" } };
  await makeFolder(folder);
  await writeFile(join(folder, "overrides.json"), `${JSON.stringify(settings, null, 2)}\n`, { flag: "wx" }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
}

/** JupyterLab's own scripts for Node are CommonJS; without this they would count as modules of the project around them. */
const keepCommonJs = (venv: string) => writeFile(join(venv, "package.json"), '{ "type": "commonjs" }\n');

/** Kernelspecs and figures are written anew: the project may have moved, Node or plotly.js may be another. */
async function installOurs(venv: string): Promise<void> {
  const ours = (await listKernelspecs()).filter((spec) => spec.origin === "project");
  for (const spec of ours) await installKernelspec(spec.name, { prefix: venv });
  await installFiguresExtension(venv);
  await quietNews(venv);
  await keepCommonJs(venv);
}

/**
 * Creates the virtual environment at the first call and after a change of the pinned packages; a later call only looks.
 * An installation that was cut off is done again. Throws UnsupportedError that names what is missing and how to install it.
 */
export async function prepareLab(options: LabEnvironmentOptions = {}): Promise<LabEnvironment> {
  const venv = options.venv ?? join(labProject(), ".venv");
  const { onProgress = () => {}, signal } = options;
  const python = pythonOf(venv);
  const stamp = join(venv, "ictal-lab.txt"); // the requirements that were installed to the end
  const wanted = await readFile(REQUIREMENTS, "utf8");
  const works = (await stat(python).catch(() => undefined)) !== undefined; // follows the link to the Python that made it
  if (!works || (await readFile(stamp, "utf8").catch(() => "")) !== wanted) {
    const maker = options.python ?? process.env.ICTAL_LAB_PYTHON ?? "python3";
    if (!works) {
      await checkPython(maker, PURPOSE, { signal });
      onProgress(`creating a virtual environment in ${venv}`);
      await makeVenv(venv, maker, { signal });
    }
    onProgress("installing JupyterLab (about 250 MB, once; half a minute where the network is good)");
    await pipInstall(venv, ["-r", REQUIREMENTS], REQUIREMENTS, { signal });
    await writeFile(stamp, wanted);
  }
  await installOurs(venv);
  return { venv, python };
}
