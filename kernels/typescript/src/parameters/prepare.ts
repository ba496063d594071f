import { resolve } from "node:path";
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
  /** With the parameters injected. */
  readonly notebook: Notebook;
  readonly kernel: Kernelspec;
  readonly parameters: readonly ParameterInfo[];
  /** Values given, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Lines for people: what was repaired, what is not retained. */
  readonly notices: readonly string[];
}

export interface PrepareOptions {
  readonly input: string;
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

/**
 * Reads a notebook, finds its kernel, takes out what an earlier run put in, and injects the parameters. ConfigError,
 * FormatError or NotFoundError for what is wrong.
 */
export async function prepareNotebook(options: PrepareOptions): Promise<PreparedNotebook> {
  const input = resolve(options.input);
  const notices: string[] = [];
  const notebook = await readNotebook(input, { onRepair: (text) => notices.push(text) });
  notebook.cells = notebook.cells.filter((cell) => !hasTag(cell, ERROR_MARKER));
  const named = options.kernelName ?? notebook.metadata.kernelspec?.name;
  if (!named)
    throw new ConfigError(`${options.input} names no kernel in its metadata; give one with --kernel`, {
      key: "kernel",
    });
  const kernel = await findKernelspec(named);
  const language = parameterLanguage(kernel.language);
  const parameters = readParameters(notebook, language);
  const given = options.parameters ?? {};
  const several = severalTagged(notebook);
  if (several && Object.values(given).some((kind) => kind.length > 0))
    throw new ConfigError(`${options.input}: ${several}`, { key: "parameters" });
  if (several) notices.push(several);
  const values = await resolveParameters(given, parameters, options.input, language);
  const defaults = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.defaultValue]));
  const output =
    options.output === undefined ? undefined : resolve(fillPath(options.output, { ...defaults, ...values }));
  if (output === input)
    throw new ConfigError(`the output ${output} is the notebook itself; name another with --output`, { key: "output" });
  injectParameters(notebook, values, parameters, language);
  notebook.metadata.kernelspec = { name: kernel.name, display_name: kernel.displayName, language: kernel.language };
  return { input, output, notebook, kernel, parameters, values, notices: [...notices, ...droppedOutputs(notebook)] };
}
