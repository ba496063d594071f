import type { Notebook, Output } from "../notebook/notebook-file.js";
import { parseExactJson } from "../wire/exact-json.js";

/** MIME type of a recorded value: scrapbook's, so that `glue` of Python notebooks counts as well. */
export const VALUE_MIME = "application/scrapbook.scrap.json+json";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Name and value that an output records; undefined when it records none. */
function recordedBy(output: Output): [name: string, value: unknown] | undefined {
  if (!("data" in output)) return undefined;
  let scrap = output.data[VALUE_MIME];
  try {
    if (typeof scrap === "string") scrap = parseExactJson(scrap); // stock tslab can send JSON only as text
  } catch {
    return undefined;
  }
  return isObject(scrap) && typeof scrap.name === "string" && "data" in scrap ? [scrap.name, scrap.data] : undefined;
}

/** What the cells of a notebook recorded by `output(name, value)`, in order; the last of a name counts. */
export function collectValues(notebook: Notebook): Readonly<Record<string, unknown>> {
  const outputs = notebook.cells.flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []));
  return Object.fromEntries(outputs.map(recordedBy).filter((entry) => entry !== undefined));
}
