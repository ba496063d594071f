import { DISPLAY, display } from "./display.js";
import { escapeHtml } from "./report/html.js";
import { RECEIPT_MIME, type Receipt, receiptRows } from "./runner/receipt.js";

/**
 * Shows what a run achieved as a table and announces it to the runner, which stores it in the notebook's metadata at
 * `ictal.receipt` and prints it at the end; `artefacts` maps names to paths. Values must be JSON.
 */
export function showReceipt(receipt: Receipt): void {
  const rows = receiptRows(receipt);
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const html = rows
    .map(([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`)
    .join("");
  display({
    [DISPLAY]: () => ({
      [RECEIPT_MIME]: receipt,
      "text/html": `<table>${html}</table>`,
      "text/plain": rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n"),
    }),
  });
}
