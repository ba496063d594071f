import { access, cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { ConfigError, FormatError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { nearestName } from "@ictal/base/nearest";
import { HOME_PROJECT, homeProject, packageDir, projectOf } from "./project.js";

/** An installed Jupyter kernel: how to start it and what it speaks. */
export interface Kernelspec {
  readonly name: string;
  /** Folder that holds its kernel.json. */
  readonly directory: string;
  /** Command line; `{connection_file}` and `{resource_dir}` are filled in at the start. */
  readonly argv: readonly string[];
  readonly displayName: string;
  /** Programming language in lower case, e.g. "typescript". */
  readonly language: string;
  readonly env: Readonly<Record<string, string>>;
  readonly interruptMode: "signal" | "message";
  /** "project" for the kernels that come with this package, "jupyter" for those in Jupyter's data folders. */
  readonly origin: "project" | "jupyter";
}

const NAME = /^[A-Za-z0-9._-]+$/;

/** The user's own Jupyter data folder (JUPYTER_DATA_DIR, else what Jupyter uses on this platform). */
export function userDataDir(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  if (platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (platform === "win32") return join(env.APPDATA ?? join(homedir(), "AppData", "Roaming"), "jupyter");
  return join(env.XDG_DATA_HOME ?? join(homedir(), ".local", "share"), "jupyter");
}

/** Jupyter's data folders in its order of search: JUPYTER_PATH, user, environment (venv, conda, the project's .venv), system. */
export function dataDirs(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string[] {
  const listed = (env.JUPYTER_PATH ?? "").split(delimiter).filter((dir) => dir !== "");
  const venv = join(homeProject(env) ?? projectOf(process.cwd()), ".venv");
  const prefixes = [env.VIRTUAL_ENV, env.CONDA_PREFIX, venv].filter((prefix) => prefix !== undefined);
  const system =
    platform === "win32"
      ? [join(env.PROGRAMDATA ?? "C:\\ProgramData", "jupyter")]
      : ["/usr/local/share/jupyter", "/usr/share/jupyter"];
  const environment = prefixes.map((prefix) => join(prefix, "share", "jupyter"));
  return [...new Set([...listed, userDataDir(env, platform), ...environment, ...system])];
}

interface KernelJson {
  argv?: unknown;
  display_name?: unknown;
  language?: unknown;
  env?: Record<string, string>;
  interrupt_mode?: string;
}

async function readKernelJson(directory: string): Promise<KernelJson | undefined> {
  const path = join(directory, "kernel.json");
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined; // not a kernel's folder
  }
  try {
    return JSON.parse(text) as KernelJson; // fields are checked by the caller
  } catch (cause) {
    throw new FormatError("not JSON", { file: path }, { cause });
  }
}

/** Fills the placeholders of our templates: the node that runs now, and the kernel's launcher. */
const fillTemplate = (argument: string, directory: string): string =>
  argument.replace("{node}", process.execPath).replace("{launcher}", join(directory, "launcher.mjs"));

/** A bare "python" means the one of the virtual environment that the kernelspec lies in, as in Jupyter. */
async function fillPython(argument: string, directory: string): Promise<string> {
  if (argument !== "python" && argument !== "python3") return argument;
  const own = resolve(directory, "../../../../bin/python"); // prefix/share/jupyter/kernels/name
  return access(own).then(
    () => own,
    () => argument,
  );
}

async function readKernelspec(
  directory: string,
  name: string,
  origin: Kernelspec["origin"],
): Promise<Kernelspec | undefined> {
  const json = await readKernelJson(directory);
  if (json === undefined) return undefined;
  if (!Array.isArray(json.argv) || json.argv.length === 0) {
    throw new FormatError("argv is not a list of words", { file: join(directory, "kernel.json"), field: "argv" });
  }
  const [command, ...rest] = json.argv.map((argument) => fillTemplate(String(argument), directory));
  return {
    name,
    directory,
    argv: [await fillPython(command!, directory), ...rest],
    displayName: String(json.display_name ?? name),
    language: String(json.language ?? "").toLowerCase(),
    env: json.env ?? {},
    interruptMode: json.interrupt_mode === "message" ? "message" : "signal",
    origin,
  };
}

async function kernelsIn(folder: string, origin: Kernelspec["origin"]): Promise<Kernelspec[]> {
  const names = await readdir(folder).catch(() => []); // a data folder need not exist
  const found = await Promise.all(
    names.filter((name) => NAME.test(name)).map((name) => readKernelspec(join(folder, name), name, origin)),
  );
  return found.filter((spec) => spec !== undefined);
}

/** The kernel of this package, called "ictal", and those beside the package in a checkout (tslab). */
async function ownKernels(): Promise<Kernelspec[]> {
  const own = await readKernelspec(join(packageDir, "kernel"), "ictal", "project");
  const beside = await kernelsIn(join(packageDir, ".."), "project");
  return [...(own ? [own] : []), ...beside];
}

export interface FindOptions {
  /** Variables that name Jupyter's data folders. @default those of this process */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Aborting ends the search. */
  readonly signal?: AbortSignal | undefined;
}

/** Every kernel that can be started by name: our own, then Jupyter's; the first of a name wins. */
export async function listKernelspecs({ env = process.env, signal }: FindOptions = {}): Promise<Kernelspec[]> {
  signal?.throwIfAborted();
  const groups = [await ownKernels()];
  for (const dir of dataDirs(env)) {
    groups.push(await kernelsIn(join(dir, "kernels"), "jupyter"));
    signal?.throwIfAborted();
  }
  const byName = new Map<string, Kernelspec>();
  for (const spec of groups.flat()) if (!byName.has(spec.name)) byName.set(spec.name, spec);
  return [...byName.values()];
}

/** The kernel called `name`; ConfigError naming the known ones when there is none. */
export async function findKernelspec(name: string, options: FindOptions = {}): Promise<Kernelspec> {
  const specs = await listKernelspecs(options);
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec) return spec;
  const names = specs.map((candidate) => candidate.name);
  const nearest = nearestName(name, names);
  const allowed = names.join(", ") || "none";
  throw new ConfigError(`there is no kernel called "${name}"; known kernels: ${allowed}`, {
    key: "kernel",
    value: name,
    allowed,
    ...(nearest === undefined ? {} : { nearest }),
  });
}

export interface InstallOptions {
  /** Name under which Jupyter lists it. @default the kernel's own name */
  readonly as?: string | undefined;
  /** Install below `prefix`/share/jupyter instead of the user's data folder. */
  readonly prefix?: string | undefined;
  /** Replace the display name. */
  readonly displayName?: string | undefined;
  /** Flags for Node, e.g. `--max-old-space-size=8192`; they come before those of the kernel. */
  readonly nodeOptions?: readonly string[] | undefined;
  /** Environment variables that the kernel is started with. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Aborting before the kernelspec is written leaves the old one. */
  readonly signal?: AbortSignal | undefined;
}

const kernelsFolder = (prefix?: string): string =>
  join(prefix ? join(prefix, "share", "jupyter") : userDataDir(), "kernels");

/** Writes the kernelspec of one of our kernels ("ictal", "tslab") into Jupyter's data folder; returns its folder. */
export async function installKernelspec(kernel: string, options: InstallOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const own = await ownKernels();
  const spec = own.find((candidate) => candidate.name === kernel);
  if (!spec) {
    const allowed = own.map((candidate) => candidate.name).join(", ");
    throw new ConfigError(`"${kernel}" is no kernel that comes with this program; known: ${allowed}`, {
      key: "kernel",
      value: kernel,
      allowed,
    });
  }
  const name = (options.as ?? kernel).toLowerCase();
  if (!NAME.test(name)) {
    throw new ConfigError(`"${name}" cannot name a kernel: letters, digits, ".", "_" and "-" are allowed`, {
      key: "name",
      value: name,
    });
  }
  const folder = join(kernelsFolder(options.prefix), name);
  await makeFolder(folder);
  const home = homeProject();
  const template = (await readKernelJson(spec.directory)) as Record<string, unknown>; // read a moment ago by kernelsIn
  const [node, ...words] = spec.argv;
  const json = {
    ...template,
    argv: [node, ...(options.nodeOptions ?? []), ...words],
    display_name: options.displayName ?? spec.displayName,
    env: { ...spec.env, ...(home === undefined ? {} : { [HOME_PROJECT]: home }), ...options.env },
  };
  await writeFile(join(folder, "kernel.json"), `${JSON.stringify(json, null, 2)}\n`);
  for (const file of await readdir(spec.directory)) {
    if (file.startsWith("logo-")) await cp(join(spec.directory, file), join(folder, file));
  }
  return folder;
}

export interface RemoveOptions {
  /** Remove it below `prefix`/share/jupyter instead of the user's data folder. */
  readonly prefix?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Removes an installed kernelspec by name; returns its folder. ConfigError when it is not installed there. */
export async function removeKernelspec(name: string, options: RemoveOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const folder = join(kernelsFolder(options.prefix), name);
  const isKernel = NAME.test(name) && (await stat(join(folder, "kernel.json")).catch(() => undefined)) !== undefined;
  if (!isKernel) {
    throw new ConfigError(
      `no kernel called "${name}" is installed in ${kernelsFolder(options.prefix)}; check the name and --prefix`,
      {
        key: "kernel",
        value: name,
      },
    );
  }
  await rm(folder, { recursive: true });
  return folder;
}
