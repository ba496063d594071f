import { basename } from "node:path";
import { type Outcome, UsageError } from "@ictal/base/action";
import { isIctalError } from "@ictal/base/errors";
import { printable } from "@ictal/base/printable";
import { findKernelspec } from "../kernelspec.js";
import type { Notebook } from "../notebook/notebook-file.js";
import { readNotebook } from "../notebook/read-notebook.js";
import { parameterLanguage, readParameters } from "../parameters/parameters.js";
import { writeReport } from "../report/report.js";
import { plainValue } from "../wire/exact-json.js";
import { Places } from "./places.js";
import type { VerbHost } from "./verb-host.js";

/** A missing or broken notebook is wrong use here, not failed work. */
export async function asUsage<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isIctalError(error, "NotFoundError", "FormatError")) throw new UsageError(error.message);
    throw error;
  }
}

/** The notebook of a file, of standard input (`-`) or of an address. */
export async function readPlace(host: VerbHost, word: string): Promise<Notebook> {
  const places = new Places(host.store);
  try {
    return await asUsage(places.input(word).then(({ path }) => readNotebook(path)));
  } finally {
    await places.close();
  }
}

/** The parameters that a notebook declares. */
export async function listParameters(host: VerbHost, file: string, options: { kernel?: string }): Promise<Outcome> {
  const notebook = await readPlace(host, file);
  const name = options.kernel ?? notebook.metadata.kernelspec?.name;
  const known = name === undefined ? undefined : await findKernelspec(name).catch(() => undefined); // the metadata has the language too
  const language =
    known?.language ?? notebook.metadata.language_info?.name ?? notebook.metadata.kernelspec?.language ?? "typescript";
  const parameters = readParameters(notebook, parameterLanguage(language));
  const lines = parameters.map((parameter) => {
    const value = parameter.defaultText === undefined ? "" : ` = ${parameter.defaultText}`;
    return `${parameter.name}: ${parameter.type}${value}${parameter.help ? `  — ${parameter.help}` : ""}`;
  });
  const json = parameters.map(({ name, type, defaultText, defaultValue, help }) => ({
    name,
    type,
    default: defaultValue === undefined ? (defaultText ?? null) : plainValue(defaultValue),
    help,
  }));
  return {
    json: { notebook: file, parameters: json },
    text: lines.join("\n") || `${file} has no cell tagged "parameters"`,
  };
}

/** Writes the HTML report of an executed notebook, beside it or to `output`; of one that is no file into this folder. */
export async function report(host: VerbHost, file: string, { output }: { output?: string }): Promise<Outcome> {
  const notebook = await readPlace(host, file);
  const beside = /^(?:-$|[a-z][a-z0-9+.-]+:\/\/)/i.test(file) ? basename(file === "-" ? "stdin" : file) : file;
  const path = await writeReport(notebook, output ?? beside.replace(/(\.ipynb)?$/, ".html"));
  return { json: { notebook: file, report: path }, text: `report  ${printable(path)}` };
}
