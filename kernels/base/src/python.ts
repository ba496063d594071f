import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { lastLines, runToEnd } from "./command.js";
import { UnsupportedError } from "./errors.js";

/** What a Python is wanted for and how to name another, for error messages. */
export interface PythonPurpose {
  /** Begins "needs Python". */
  readonly who: string;
  /** How the user names another Python, e.g. an environment variable or a flag. */
  readonly chooser: string;
}

export interface PythonOptions {
  /** Aborting ends the command that runs; what it installed so far stays. */
  readonly signal?: AbortSignal | undefined;
}

const OLDEST = [3, 10] as const;

/** The Python inside a virtual environment. */
export const pythonOf = (venv: string, platform = process.platform): string =>
  platform === "win32" ? join(venv, "Scripts", "python.exe") : join(venv, "bin", "python");

/** Throws UnsupportedError unless `python` can be started and is new enough. */
export async function checkPython(
  python: string,
  { who, chooser }: PythonPurpose,
  { signal }: PythonOptions = {},
): Promise<void> {
  const remedy = `install Python (Debian: apt install python3 python3-venv) or name one with ${chooser}`;
  const { code, output } = await runToEnd(python, ["-c", "import sys; print(*sys.version_info[:2])"], { signal });
  if (code !== 0) throw new UnsupportedError(`${who} needs Python, and "${python}" does not start: ${remedy}`);
  const [major = 0, minor = 0] = output.trim().split(" ").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new UnsupportedError(
      `"${python}" is Python ${major}.${minor}; ${OLDEST.join(".")} or newer is needed: ${remedy}`,
    );
  }
}

/** Creates a virtual environment, or repairs the one that is there; a new one that fails leaves nothing. Throws UnsupportedError. */
export async function makeVenv(venv: string, python: string, { signal }: PythonOptions = {}): Promise<void> {
  const isNew = (await stat(venv).catch(() => undefined)) === undefined;
  const { code, output } = await runToEnd(python, ["-m", "venv", venv], { signal }).catch(async (reason: unknown) => {
    if (isNew) await rm(venv, { recursive: true, force: true });
    throw reason;
  });
  if (code === 0) return;
  if (isNew) await rm(venv, { recursive: true, force: true });
  throw new UnsupportedError(
    `"${python} -m venv" could not make ${venv}; on Debian "apt install python3-venv" brings what it lacks:\n${lastLines(output)}`,
  );
}

/** Installs into a virtual environment: `words` follow `pip install`; `what` names them. Throws UnsupportedError with pip's last lines. */
export async function pipInstall(
  venv: string,
  words: readonly string[],
  what: string,
  { signal }: PythonOptions = {},
): Promise<void> {
  const options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const { code, output } = await runToEnd(pythonOf(venv), [...options, ...words], { signal });
  if (code === 0) return;
  throw new UnsupportedError(
    `pip could not install ${what}; try again with a network, or bring the packages (pip download ${words.join(" ")} -d DIR where there is one) and set PIP_NO_INDEX=1 PIP_FIND_LINKS=DIR:\n${lastLines(output)}`,
  );
}
