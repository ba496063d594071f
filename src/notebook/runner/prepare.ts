import { resolve } from "node:path";
import { ConfigError } from "../../base/errors.js";
import { findKernelspec, type Kernelspec } from "../kernelspec.js";
import { injectParameters } from "./inject.js";
import { hasTag, type Notebook, readNotebook } from "./notebook-file.js";
import { type GivenParameters, resolveParameters } from "./parameter-values.js";
import { type ParameterInfo, parameterLanguage, readParameters } from "./parameters.js";

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
}

export interface PrepareOptions {
  readonly input: string;
  /** Where the executed notebook is saved; `{name}` of a parameter stands for its value. Undefined: nowhere. */
  readonly output: string | undefined;
  readonly parameters?: GivenParameters;
  /** Kernel to use instead of the one that the notebook names. */
  readonly kernelName?: string;
}

/** Tag of the cells with which papermill marks an error; they are not part of the notebook. */
const ERROR_MARKER = "papermill-error-cell-tag";

function fillPath(path: string, values: Readonly<Record<string, unknown>>): string {
  return path.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    if (values[name] !== undefined) return String(values[name]).replaceAll("/", "-");
    const known = Object.keys(values).join(", ") || "none";
    throw new ConfigError(`the output ${path} names {${name}}, which no parameter gives a value; known: ${known}`, {
      key: "output",
      value: path,
      allowed: known,
    });
  });
}

/**
 * Reads a notebook, finds its kernel, takes out what an earlier run put in, and injects the parameters. ConfigError,
 * FormatError or NotFoundError for what is wrong.
 */
export async function prepareNotebook(options: PrepareOptions): Promise<PreparedNotebook> {
  const input = resolve(options.input);
  const notebook = await readNotebook(input);
  notebook.cells = notebook.cells.filter((cell) => !hasTag(cell, ERROR_MARKER));
  const named = options.kernelName ?? notebook.metadata.kernelspec?.name;
  if (!named)
    throw new ConfigError(`${options.input} names no kernel in its metadata; give one with --kernel`, {
      key: "kernel",
    });
  const kernel = await findKernelspec(named);
  const language = parameterLanguage(kernel.language);
  const parameters = readParameters(notebook, language);
  const values = await resolveParameters(options.parameters ?? {}, parameters, options.input);
  const defaults = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.defaultValue]));
  const output =
    options.output === undefined ? undefined : resolve(fillPath(options.output, { ...defaults, ...values }));
  if (output === input)
    throw new ConfigError(`the output ${output} is the notebook itself; name another with --output`, { key: "output" });
  injectParameters(notebook, values, parameters, language);
  notebook.metadata.kernelspec = { name: kernel.name, display_name: kernel.displayName, language: kernel.language };
  return { input, output, notebook, kernel, parameters, values };
}
