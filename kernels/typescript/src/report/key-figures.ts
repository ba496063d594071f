import { escapeHtml } from "@ictal/base/html";

/** One result of a page's first line. */
export interface KeyFigure {
  readonly name: string;
  readonly value: string;
  /** Interval, count or unit, below the value. */
  readonly note?: string | undefined;
}

/** The results that a reader looks for first, side by side; nothing without any. */
export function keyFiguresHtml(figures: readonly KeyFigure[]): string {
  const items = figures.map(({ name, value, note }) => {
    const below = note === undefined ? "" : `<dd>${escapeHtml(note)}</dd>`;
    return `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>${below}</div>`;
  });
  return items.length === 0 ? "" : `<dl class="key-figures">${items.join("")}</dl>`;
}

/** Names and values as a table that is folded on a screen and open on paper; `anchor` is its id and class. */
export function foldedTable(title: string, rows: readonly (readonly [string, string])[], anchor: string): string {
  const cells = rows.map(([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`);
  return `<details class="receipt" id="${anchor}"><summary>${escapeHtml(title)}</summary><table>${cells.join("")}</table></details>`;
}

const ACRONYM = /^(?:auroc|auprc|auc|f1|mse|mae|rmse|ece)$/i;

/** A name of a program, such as devAuroc, in words: dev AUROC. */
export function wordsOf(name: string): string {
  const words = name.replace(/_/g, " ").replace(/(?<=[a-z0-9])(?=[A-Z])/g, " ");
  return words
    .split(" ")
    .map((word) => (ACRONYM.test(word) ? word.toUpperCase() : word.toLowerCase()))
    .join(" ");
}

/** A number for readers: whole numbers as they are, else four digits at most three of them decimals; n/a for none. */
export function roundedText(value: number): string {
  if (Number.isNaN(value)) return "n/a";
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1e-3 ? String(Number(value.toFixed(Math.abs(value) >= 100 ? 1 : 3))) : value.toPrecision(3);
}
