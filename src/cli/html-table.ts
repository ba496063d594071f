import { escapeHtml } from "@ictal/base/html";

/** A table for readers. The first column names the row; the others hold numbers unless they are in `words`. */
export interface Table {
  readonly caption?: string | undefined;
  readonly columns: readonly string[];
  /** Columns of words, which stand at the left. */
  readonly words?: readonly string[] | undefined;
  readonly rows: readonly (readonly (string | Markup)[])[];
  /** A sentence below. */
  readonly note?: string | undefined;
}

/** A cell that is HTML already. */
export interface Markup {
  readonly html: string;
}

const markupOf = (cell: string | Markup) => (typeof cell === "string" ? escapeHtml(cell) : cell.html);

/** The table as HTML; nothing where it has no rows. */
export function tableHtml({ caption, columns, words = [], rows, note }: Table): string {
  if (rows.length === 0) return "";
  const kind = (column: number) => (column === 0 || words.includes(columns[column] ?? "") ? "" : ' class="count"');
  const heads = columns.map((name, i) => `<th scope="col"${kind(i)}>${escapeHtml(name)}</th>`).join("");
  const body = rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === 0 ? `<th scope="row">${markupOf(cell)}</th>` : `<td${kind(i)}>${markupOf(cell)}</td>`,
    );
    return `<tr>${cells.join("")}</tr>`;
  });
  const head = caption === undefined ? "" : `<caption>${escapeHtml(caption)}</caption>`;
  const below = note === undefined ? "" : `<p class="note">${escapeHtml(note)}</p>`;
  return `<table>${head}<thead><tr>${heads}</tr></thead><tbody>${body.join("")}</tbody></table>${below}`;
}

/** A number of so many decimals; n/a for a rate without a denominator. */
export function numberText(value: number, decimals: number): string {
  if (Number.isNaN(value)) return "n/a";
  return Number.isFinite(value) ? value.toFixed(decimals) : "∞";
}
