import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ConfigError } from "@ictal/base/errors";
import { findKernelspec, type Kernelspec } from "../kernelspec.js";
import { type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import { readNotebook } from "../notebook/read-notebook.js";
import { countOf } from "../views/format-value.js";
import { injectParameters } from "./inject.js";
import { type GivenParameters, resolveParameters } from "./parameter-values.js";
import { type ParameterInfo, parameterLanguage, parametersCells, readParameters } from "./parameters.js";

/** A notebook that is ready to run. */
export interface PreparedNotebook {
  /** Absolute path of the notebook as given. */
  readonly input: string;
  /** Absolute path for the executed notebook; undefined when none is written. */
  readonly output: string | undefined;
  /** Absolute path of the folder in which the kernel starts: relative imports of cells begin there. */
  readonly folder: string;
  /** With the parameters injected. */
  readonly notebook: Notebook;
  readonly kernel: Kernelspec;
  readonly parameters: readonly ParameterInfo[];
  /** Values given, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Lines for people: what was repaired, what is not retained. */
  readonly notices: readonly string[];
}

/** The paths of a run as parameters, under papermill's names. */
export interface InjectedPaths {
  readonly input?: boolean | undefined;
  readonly output?: boolean | undefined;
}

export interface PrepareOptions {
  readonly input: string;
  /** What messages and metadata call the notebook, where `input` is a copy of it. @default input */
  readonly inputName?: string | undefined;
  /** What metadata call the executed notebook, where `output` is a copy of it. @default output */
  readonly outputName?: string | undefined;
  /** Folder in which the kernel starts. @default the notebook's */
  readonly cwd?: string | undefined;
  /** Also gives the notebook PAPERMILL_INPUT_PATH and PAPERMILL_OUTPUT_PATH, absolute paths. @default neither */
  readonly injectPaths?: InjectedPaths | undefined;
  /** Where the executed notebook is saved; `{name}` of a parameter stands for its value. Undefined: nowhere. */
  readonly output: string | undefined;
  readonly parameters?: GivenParameters | undefined;
  /** Kernel to use instead of the one that the notebook names. */
  readonly kernelName?: string | undefined;
}

/** Tag of the cells with which papermill marks an error; they are not part of the notebook. */
const ERROR_MARKER = "papermill-error-cell-tag";

function fillPath(path: string, values: Readonly<Record<string, unknown>>): string {
  return path.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (typeof value === "object" && value !== null)
      throw new ConfigError(`the output ${path} names {${name}}, whose value is a list or a map`, { key: "output" });
    if (value !== undefined) return String(value).replaceAll("/", "-");
    const known = Object.keys(values).join(", ") || "none";
    throw new ConfigError(`the output ${path} names {${name}}, which no parameter gives a value; known: ${known}`, {
      key: "output",
      value: path,
      allowed: known,
    });
  });
}

/** What is wrong with more than one cell tagged `parameters`; undefined when there is at most one. */
function severalTagged(notebook: Notebook): string | undefined {
  const tagged = parametersCells(notebook).map((cell) => notebook.cells.indexOf(cell) + 1);
  if (tagged.length < 2) return undefined;
  return `cells ${tagged.join(" and ")} are all tagged "parameters", and a later one would undo the values given; keep the tag on one`;
}

/** A line for each cell that is not to run though outputs of it are stored: an executed notebook holds those of its run. */
function droppedOutputs(notebook: Notebook): string[] {
  const code = notebook.cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
  const skipped = code.filter((cell) => hasTag(cell, "skip-execution") && cell.outputs.length > 0);
  return skipped.map(
    (cell) =>
      `cell ${code.indexOf(cell) + 1} is tagged skip-execution; ${countOf(cell.outputs.length, "stored output")} left out`,
  );
}

async function folderOf({ cwd, input }: PrepareOptions): Promise<string> {
  if (cwd === undefined) return dirname(resolve(input));
  const isFolder = (await stat(cwd).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder)
    throw new ConfigError(`there is no folder ${cwd} for the kernel to start in`, { key: "cwd", value: cwd });
  return resolve(cwd);
}

/** Paths that are asked for as parameters; a copy goes by the name of what it is a copy of. */
function pathValues({ injectPaths, inputName, outputName }: PrepareOptions, input: string, output: string | undefined) {
  return {
    ...(injectPaths?.input ? { PAPERMILL_INPUT_PATH: inputName ?? input } : {}),
    ...(injectPaths?.output ? { PAPERMILL_OUTPUT_PATH: outputName ?? output ?? "" } : {}),
  };
}

/**
 * Reads a notebook, finds its kernel, takes out what an earlier run put in, and injects the parameters. ConfigError,
 * FormatError or NotFoundError for what is wrong.
 */
export async function prepareNotebook(options: PrepareOptions): Promise<PreparedNotebook> {
  const input = resolve(options.input);
  const name = options.inputName ?? options.input;
  const folder = await folderOf(options);
  const notices: string[] = [];
  const notebook = await readNotebook(input, { onRepair: (text) => notices.push(text) });
  notebook.cells = notebook.cells.filter((cell) => !hasTag(cell, ERROR_MARKER));
  const named = options.kernelName ?? notebook.metadata.kernelspec?.name;
  if (!named)
    throw new ConfigError(`${name} names no kernel in its metadata; give one with --kernel`, {
      key: "kernel",
    });
  const kernel = await findKernelspec(named);
  const language = parameterLanguage(kernel.language);
  const parameters = readParameters(notebook, language);
  const given = options.parameters ?? {};
  const several = severalTagged(notebook);
  if (several && Object.values(given).some((kind) => kind.length > 0))
    throw new ConfigError(`${name}: ${several}`, { key: "parameters" });
  if (several) notices.push(several);
  const values = await resolveParameters(given, parameters, name, language);
  const defaults = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.defaultValue]));
  const output =
    options.output === undefined ? undefined : resolve(fillPath(options.output, { ...defaults, ...values }));
  if (output === input)
    throw new ConfigError(`the output ${output} is the notebook itself; name another with --output`, { key: "output" });
  const injected = { ...values, ...pathValues(options, input, output) };
  injectParameters(notebook, injected, parameters, language);
  notebook.metadata.kernelspec = { name: kernel.name, display_name: kernel.displayName, language: kernel.language };
  notices.push(...droppedOutputs(notebook));
  return { input, output, folder, notebook, kernel, parameters, values: injected, notices };
}
