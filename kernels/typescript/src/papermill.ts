import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { ConfigError } from "@ictal/base/errors";
import { packageDir, packageVersion } from "./project.js";

const MODULE = "ictal_papermill";
const ENTRY_POINTS = `[papermill.engine]\nictal = ${MODULE}:Engine\n`;
const FIND = "import json, sysconfig, papermill; print(json.dumps(sysconfig.get_path('purelib')))";

/** Where `python` keeps its packages; ConfigError when it cannot be run or has no papermill. */
async function packagesOf(python: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(python, ["-c", FIND], { signal });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as string; // our own line, after whatever an import prints
  } catch (cause) {
    signal?.throwIfAborted();
    const { code } = cause as { code?: unknown }; // of execFile
    const why = code === "ENOENT" ? "cannot be run" : "has no papermill";
    const help =
      code === "ENOENT" ? "name the Python of an environment" : `install it: ${python} -m pip install papermill`;
    throw new ConfigError(`${python} ${why}; ${help}`, { key: "--papermill", value: python }, { cause });
  }
}

const recordLine = (name: string, text: string): string =>
  `${name},sha256=${createHash("sha256").update(text).digest("base64url")},${Buffer.byteLength(text)}`;

/** Two versions of one package beside each other would both be found. */
async function removeOtherVersions(folder: string, info: string): Promise<void> {
  const names = await readdir(folder).catch(() => []); // made when the first file is written
  const others = names.filter((name) => name.startsWith(`${MODULE}-`) && name.endsWith(".dist-info") && name !== info);
  for (const name of others) await rm(join(folder, name), { recursive: true });
}

export interface PapermillOptions {
  /** Aborting ends it; what was written stays. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Puts a module into the packages of `python` by which its papermill writes parameters into TypeScript notebooks, as an
 * installed package that `pip uninstall ictal-papermill` takes out again. Returns the folder of the packages. ConfigError
 * when that Python has no papermill, StoreError when the folder cannot be written.
 */
export async function installPapermillTranslator(python: string, { signal }: PapermillOptions = {}): Promise<string> {
  const folder = await packagesOf(python, signal);
  const info = `${MODULE}-${packageVersion()}.dist-info`;
  const files: Readonly<Record<string, string>> = {
    [`${MODULE}.py`]: await readFile(join(packageDir, "papermill", `${MODULE}.py`), "utf8"),
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ictal-papermill\nVersion: ${packageVersion()}\nSummary: papermill's parameters in TypeScript notebooks\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: ictal\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/INSTALLER`]: "ictal\n",
    [`${info}/entry_points.txt`]: ENTRY_POINTS,
  };
  const record = Object.entries(files).map(([name, text]) => recordLine(name, text));
  await removeOtherVersions(folder, info);
  for (const [name, text] of Object.entries(files)) await writeFileAtomic(join(folder, name), text, { signal });
  await writeFileAtomic(join(folder, info, "RECORD"), `${[...record, `${info}/RECORD,,`].join("\n")}\n`, { signal });
  return folder;
}
