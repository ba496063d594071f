import { existsSync, readdirSync } from "node:fs";
import { readFile, rm, stat, statfs, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { ConfigError, StoreError, UnsupportedError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { checkPython, makeVenv, pipInstall } from "@ictal/base/python";
import { hasSharedLibrary } from "../optional.js";
import { missingParts } from "./compile.js";

/** The version that builds are tried with. */
const TRIED_VERSION = "2.21.0";
const GIB = 2 ** 30;
const ALLOWED = `tensorflow-cpu, tensorflow[and-cuda], tensorflow, each with ==VERSION (${TRIED_VERSION} by default), or the path of a .whl file`;
const PURPOSE = { who: "the TensorFlow wheel", chooser: "--python" };

/** A wheel as it is requested from pip. */
export interface Wheel {
  /** The argument of pip: a requirement with its version, or a file with its extras. */
  readonly requirement: string;
  /** Name of the folder that holds it. */
  readonly name: string;
  /** Packages that it brings: none but itself, or NVIDIA's libraries too. */
  readonly withDependencies: boolean;
  /** What it takes on disk while it is installed. */
  readonly needsBytes: number;
}

/**
 * The wheel that `text` means: a package of PyPI by name, its version fixed, or a .whl file, either with extras in brackets.
 * Without a text, NVIDIA's driver decides between the CUDA build and the small one. Throws ConfigError for another package.
 */
export function parseWheel(text?: string): Wheel {
  const given = text ?? (hasSharedLibrary("libcuda.so.1") ? "tensorflow[and-cuda]" : "tensorflow-cpu");
  const file = /^(.+\.whl)(\[[\w,-]+\])?$/.exec(given);
  const known = /^(tensorflow|tensorflow-cpu)(\[[\w,-]+\])?(?:==([\w.]+))?$/.exec(given);
  const extras = (file ?? known)?.[2] ?? "";
  const sizes = { withDependencies: extras !== "", needsBytes: (extras ? 12 : 2.5) * GIB };
  if (file) {
    const path = resolve(file[1] ?? "");
    if (!existsSync(path)) throw new ConfigError(`there is no wheel ${path}`, { key: "--wheel", value: given });
    return { requirement: path + extras, name: basename(path, ".whl") + extras, ...sizes };
  }
  if (!known) {
    throw new ConfigError(`unknown wheel ${JSON.stringify(given)}; allowed: ${ALLOWED}`, {
      key: "--wheel",
      value: given,
      allowed: ALLOWED,
    });
  }
  const version = known[3] ?? TRIED_VERSION;
  return { requirement: `${known[1]}${extras}==${version}`, name: `${known[1]}${extras}-${version}`, ...sizes };
}

async function checkSpace(dir: string, wheel: Wheel): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  if (bavail * bsize >= wheel.needsBytes) return;
  const gib = (bytes: number) => (bytes / GIB).toFixed(1);
  throw new StoreError(
    `${wheel.requirement} needs ${gib(wheel.needsBytes)} GiB and ${dir} has ${gib(bavail * bsize)} GiB free: free some space, or choose another disk with --dir`,
    { code: "DiskFull" },
  );
}

/** The folder `tensorflow` of a virtual environment, or undefined. */
function installedTensorflow(venv: string): string | undefined {
  const lib = join(venv, "lib");
  if (!existsSync(lib)) return undefined;
  return readdirSync(lib)
    .map((python) => join(lib, python, "site-packages/tensorflow"))
    .find((dir) => existsSync(dir));
}

export interface InstallOptions {
  readonly python: string;
  /** Receives a line for each step that takes time. */
  readonly log: (line: string) => void;
  /** Ends the installation before its next step. */
  readonly signal?: AbortSignal | undefined;
}

export interface InstalledWheel {
  /** The package's folder in the virtual environment. */
  readonly tensorflow: string;
  /** Whether it was there already. */
  readonly reused: boolean;
}

/**
 * The wheel in a virtual environment of its own, `folder/venv`. One that was installed to the end is taken as it is; what a
 * cut-off installation left is removed first (pip keeps the download). Throws UnsupportedError for a Python, a
 * network or a wheel that will not do, StoreError for a disk too small.
 */
export async function installWheel(
  wheel: Wheel,
  dir: string,
  { python, log, signal }: InstallOptions,
): Promise<InstalledWheel> {
  const venv = join(dir, "venv");
  const stamp = join(venv, "ictal-wheel.txt"); // what was installed to the end
  const found = installedTensorflow(venv);
  const installed = await readFile(stamp, "utf8").catch(() => "");
  if (found && installed === (await identityOf(wheel))) return { tensorflow: found, reused: true };
  await checkPython(python, PURPOSE);
  await rm(venv, { recursive: true, force: true });
  await makeFolder(dir);
  await checkSpace(dir, wheel);
  signal?.throwIfAborted();
  log(`creating a virtual environment in ${venv}`);
  await makeVenv(venv, python);
  signal?.throwIfAborted();
  log(`installing ${wheel.requirement} (${wheel.withDependencies ? "some 4 GB" : "about 270 MB"} to download, once)`);
  await pipInstall(venv, [...(wheel.withDependencies ? [] : ["--no-deps"]), wheel.requirement], wheel.requirement);
  const tensorflow = installedTensorflow(venv);
  const missing = tensorflow ? missingParts(tensorflow) : ["tensorflow/"];
  if (!tensorflow || missing.length > 0) {
    await rm(venv, { recursive: true, force: true });
    throw new UnsupportedError(
      `${wheel.requirement} has no ${missing.join(", ")}: a TensorFlow for Linux, 2.16 or newer, is needed; allowed: ${ALLOWED}`,
    );
  }
  await writeFile(stamp, await identityOf(wheel));
  return { tensorflow, reused: false };
}

/** A file counts by its size and time too. */
async function identityOf({ requirement }: Wheel): Promise<string> {
  const file = await stat(requirement.replace(/\[[\w,-]+\]$/, "")).catch(() => undefined);
  return file ? `${requirement} ${file.size} ${file.mtimeMs}` : requirement;
}
