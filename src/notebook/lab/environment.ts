import { spawn } from "node:child_process";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UnsupportedError } from "../../base/errors.js";
import { projectDir } from "../../base/project.js";
import { installKernelspec, listKernelspecs } from "../kernelspec.js";
import { installFiguresExtension } from "./figures-extension.js";

export interface LabEnvironmentOptions {
  /** Folder of the virtual environment. @default .venv in the project */
  readonly venv?: string;
  /** Python that makes it. @default ICTAL_LAB_PYTHON, else python3 */
  readonly python?: string;
  /** Receives a line for each step that takes time. */
  readonly say?: (line: string) => void;
}

/** A virtual environment with JupyterLab, our kernels and our figures in it. */
export interface LabEnvironment {
  readonly venv: string;
  readonly python: string;
}

const OLDEST = [3, 10] as const;
const TAIL_LINES = 6;
const REQUIREMENTS = join(projectDir, "kernels/jupyterlab/requirements.txt");

/** Runs a command to its end; `output` is all that it wrote, code -1 when it could not be started. */
function run(command: string, words: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.once("error", (error) => resolve({ code: -1, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

const tail = (text: string) => text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");

/** Throws UnsupportedError unless `python` can be started and is new enough. */
async function checkPython(python: string): Promise<void> {
  const mend = "install Python (Debian: apt install python3 python3-venv) or name one with ICTAL_LAB_PYTHON";
  const { code, output } = await run(python, ["-c", "import sys; print(*sys.version_info[:2])"]);
  if (code !== 0) throw new UnsupportedError(`JupyterLab needs Python, and "${python}" does not start: ${mend}`);
  const [major = 0, minor = 0] = output.trim().split(" ").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new UnsupportedError(
      `"${python}" is Python ${major}.${minor}; ${OLDEST.join(".")} or newer is needed: ${mend}`,
    );
  }
}

async function makeVenv(venv: string, python: string): Promise<void> {
  const isNew = (await stat(venv).catch(() => undefined)) === undefined;
  const { code, output } = await run(python, ["-m", "venv", venv]);
  if (code === 0) return;
  if (isNew) await rm(venv, { recursive: true, force: true });
  throw new UnsupportedError(
    `"${python} -m venv" could not make ${venv}; on Debian "apt install python3-venv" brings what it lacks:\n${tail(output)}`,
  );
}

async function installPackages(python: string): Promise<void> {
  const words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
  const { code, output } = await run(python, words);
  if (code === 0) return;
  throw new UnsupportedError(
    `pip could not install ${REQUIREMENTS}; try again with a network, or bring the packages (pip download -r … -d DIR where there is one) and set PIP_NO_INDEX=1 PIP_FIND_LINKS=DIR:\n${tail(output)}`,
  );
}

/** JupyterLab asks no server for news and updates, unless the user's settings in the environment say otherwise. */
async function quietNews(venv: string): Promise<void> {
  const folder = join(venv, "share/jupyter/lab/settings");
  const settings = { "@jupyterlab/apputils-extension:notification": { checkForUpdates: false, fetchNews: "false" } };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "overrides.json"), `${JSON.stringify(settings, null, 2)}\n`, { flag: "wx" }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    },
  );
}

/** The Python inside a virtual environment. */
export const pythonOf = (venv: string, platform = process.platform): string =>
  platform === "win32" ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");

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
 * Makes the virtual environment at the first call and after a change of the pinned packages; a later call only looks.
 * An installation that was cut off is done again. Throws UnsupportedError that says what is missing and how to mend it.
 */
export async function prepareLab(options: LabEnvironmentOptions = {}): Promise<LabEnvironment> {
  const venv = options.venv ?? join(projectDir, ".venv");
  const say = options.say ?? (() => {});
  const python = pythonOf(venv);
  const stamp = join(venv, "ictal-lab.txt"); // the requirements that were installed to the end
  const wanted = await readFile(REQUIREMENTS, "utf8");
  const works = (await stat(python).catch(() => undefined)) !== undefined; // follows the link to the Python that made it
  if (!works || (await readFile(stamp, "utf8").catch(() => "")) !== wanted) {
    const maker = options.python ?? process.env.ICTAL_LAB_PYTHON ?? "python3";
    if (!works) {
      await checkPython(maker);
      say(`making a virtual environment in ${venv}`);
      await makeVenv(venv, maker);
    }
    say("installing JupyterLab (about 250 MB, once; half a minute where the network is good)");
    await installPackages(python);
    await writeFile(stamp, wanted);
  }
  await installOurs(venv);
  return { venv, python };
}
