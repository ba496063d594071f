import { cellMarks } from "../notebook/cell-marks.js";
import type { Notebook, Output } from "../notebook/notebook-file.js";
import { formatExactJson, parseExactJson } from "../wire/exact-json.js";

/** MIME type by which a cell announces results of the run: any JSON object; `artefacts` maps names to paths. */
export const RECEIPT_MIME = "application/vnd.ictal.receipt+json";

/** What a notebook reports of its own run; later announcements add to earlier ones. */
export interface Receipt {
  readonly artefacts?: Readonly<Record<string, string>>;
  /** Seconds of each code cell that ran, in order; the runner adds them. */
  readonly cellSeconds?: readonly number[];
  readonly [key: string]: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Members of later objects replace those of earlier ones; a member called __proto__ is one like any other. */
const merged = (objects: readonly object[]): Record<string, unknown> =>
  Object.fromEntries(objects.flatMap((object) => Object.entries(object)));

/** A receipt from what a notebook holds: an object, its artefacts names of paths; undefined for anything else. */
export function parseReceipt(data: unknown): Receipt | undefined {
  let value = data;
  try {
    if (typeof data === "string") value = parseExactJson(data); // stock tslab can send JSON only as text
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { artefacts, cellSeconds, ...rest } = value;
  const paths = isObject(artefacts) ? Object.entries(artefacts).filter(([, path]) => typeof path === "string") : [];
  const seconds = Array.isArray(cellSeconds) && cellSeconds.every((each) => typeof each === "number");
  return {
    ...rest,
    ...(paths.length > 0 ? { artefacts: Object.fromEntries(paths) as Record<string, string> } : {}), // filtered above
    ...(seconds ? { cellSeconds: cellSeconds as number[] } : {}), // checked above
  };
}

function receiptsOf(output: Output): Receipt[] {
  if (!("data" in output)) return [];
  const receipts = [parseReceipt(output.data[RECEIPT_MIME]), parseReceipt(output.metadata[RECEIPT_MIME])];
  return receipts.filter((receipt) => receipt !== undefined);
}

/** The receipts in the notebook's outputs, joined in the order of the cells, with the time of each cell; undefined when there is none. */
export function collectReceipt(notebook: Notebook): Receipt | undefined {
  const receipts = notebook.cells.flatMap((cell) =>
    cell.cell_type === "code" ? cell.outputs.flatMap(receiptsOf) : [],
  );
  if (receipts.length === 0) return undefined;
  const artefacts = merged(receipts.map((receipt) => receipt.artefacts ?? {})) as Record<string, string>; // of such
  const cellSeconds = notebook.cells.flatMap((cell) => cellMarks(cell).seconds ?? []);
  const joined: Receipt = { ...merged(receipts), cellSeconds };
  return Object.keys(artefacts).length > 0 ? { ...joined, artefacts } : joined;
}

/** Beyond so many texts, e.g. versions of packages, an object is one row. */
const LISTED_MEMBERS = 6;

/** Name and text of every leaf of a receipt, nested names joined by dots; for tables and terminals. */
export function receiptRows(receipt: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(receipt).flatMap(([key, value]): [string, string][] => {
    const name = prefix ? `${prefix}.${key}` : key;
    if (value === null) return [[name, "n/a"]];
    if (typeof value !== "object") return [[name, typeof value === "string" ? value : formatExactJson(value)]];
    if (Array.isArray(value))
      return [
        [
          name,
          value.length === 0
            ? "none"
            : value.map((member) => (typeof member === "string" ? member : formatExactJson(member))).join(", "),
        ],
      ];
    const members = Object.entries(value);
    if (members.length > LISTED_MEMBERS && members.every(([, member]) => typeof member === "string"))
      return [[name, members.map(([member, text]) => `${member} ${text}`).join(", ")]];
    return receiptRows(value as Record<string, unknown>, name);
  });
}
