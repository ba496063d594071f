import type { Notebook, Output } from "./notebook-file.js";

/** MIME type by which a cell announces results of the run: any JSON object; `artefacts` maps names to paths. */
export const RECEIPT_MIME = "application/vnd.ictal.receipt+json";

/** What a notebook says of its own run; later announcements add to earlier ones. */
export interface Receipt {
  readonly artefacts?: Readonly<Record<string, string>>;
  /** Seconds of each code cell that ran, in order; the runner adds them. */
  readonly cellSeconds?: readonly number[];
  readonly [key: string]: unknown;
}

function parseReceipt(data: unknown): Receipt | undefined {
  let value = data;
  try {
    if (typeof data === "string") value = JSON.parse(data); // stock tslab can send JSON only as text
  } catch {
    return undefined;
  }
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Receipt) : undefined;
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
  const artefacts = Object.assign({}, ...receipts.map((receipt) => receipt.artefacts ?? {})) as Record<string, string>;
  const cellSeconds = notebook.cells.flatMap(({ metadata }) => {
    const { seconds } = (metadata.ictal ?? {}) as { seconds?: number }; // written by this runner
    return seconds ?? [];
  });
  const joined = { ...Object.assign({}, ...receipts), cellSeconds } as Receipt;
  return Object.keys(artefacts).length > 0 ? { ...joined, artefacts } : joined;
}

/** Beyond so many texts, e.g. versions of packages, an object is one row. */
const LISTED_MEMBERS = 6;

/** Name and text of every leaf of a receipt, nested names joined by dots; for tables and terminals. */
export function receiptRows(receipt: Readonly<Record<string, unknown>>, prefix = ""): [string, string][] {
  return Object.entries(receipt).flatMap(([key, value]): [string, string][] => {
    const name = prefix ? `${prefix}.${key}` : key;
    if (typeof value !== "object" || value === null)
      return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
    if (Array.isArray(value))
      return [
        [
          name,
          value.length === 0
            ? "none"
            : value.map((member) => (typeof member === "string" ? member : JSON.stringify(member))).join(", "),
        ],
      ];
    const members = Object.entries(value);
    if (members.length > LISTED_MEMBERS && members.every(([, member]) => typeof member === "string"))
      return [[name, members.map(([member, text]) => `${member} ${text}`).join(", ")]];
    return receiptRows(value as Record<string, unknown>, name);
  });
}
