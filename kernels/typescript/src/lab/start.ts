import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { type LabEnvironment, labProject } from "./environment.js";

// JupyterLab in a Python that ends with its parent: closing the terminal or killing `ictal-jupyter lab` leaves no server behind.
const FOLLOWING = `
import os, signal, sys, threading, time
parent = os.getppid()
def follow():
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=follow, daemon=True).start()
from jupyterlab.labapp import main
sys.argv[0] = "jupyter-lab"
sys.exit(main())
`;

/** The project as what is served and its notebooks/ as where the file browser opens, unless `words` name a folder to serve. */
function places(words: readonly string[]): string[] {
  const named = (word: string) => /^--.*(root_dir|notebook-dir|preferred_dir)/.test(word) || isFolder(word);
  if (words.some(named)) return [];
  const project = labProject();
  const notebooks = join(project, "notebooks");
  const preferred = isFolder(notebooks) ? [`--ServerApp.preferred_dir=${notebooks}`] : [];
  return [`--ServerApp.root_dir=${project}`, ...preferred];
}

const isFolder = (word: string) => statSync(word, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * Runs JupyterLab on the project; `words` are further arguments for it. Resolves with its exit code when it has ended; an interrupt is JupyterLab's to answer.
 */
export function startLab(environment: LabEnvironment, words: readonly string[]): Promise<number> {
  const child = spawn(environment.python, ["-c", FOLLOWING, ...places(words), ...words], {
    stdio: "inherit",
    env: { ...process.env, VIRTUAL_ENV: environment.venv, JUPYTER_PREFER_ENV_PATH: "1" },
  });
  const leave = () => void child.kill("SIGTERM");
  const stay = () => {}; // the terminal sends Ctrl-C to JupyterLab as well, which asks whether to stop
  process.on("SIGINT", stay).on("SIGTERM", leave).on("SIGHUP", leave);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      process.off("SIGINT", stay).off("SIGTERM", leave).off("SIGHUP", leave);
      resolve(code ?? 128 + constants.signals[signal!]); // one of the two is always there
    });
  });
}
