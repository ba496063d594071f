import { escapeHtml } from "@ictal/base/html";
import type { MimeBundle } from "../wire/message.js";
import { plainText } from "./format-value.js";

/** A small view: a heading, named facts, and a line of values. */
export interface Facts {
  readonly heading: string;
  /** Name and text; empty texts are left out. */
  readonly facts: readonly (readonly [string, string])[];
  /** Preformatted text below. */
  readonly values?: string;
}

/** Such a view as display bundle: HTML whose colours are the page's own, and its text twin. */
export function factsBundle({ heading, facts, values }: Facts): MimeBundle {
  const shown = facts.filter(([, text]) => text !== "");
  const rows = shown.map(
    ([name, text]) =>
      `<tr><th scope="row" style="text-align:left">${escapeHtml(name)}</th><td style="text-align:left">${escapeHtml(plainText(text))}</td></tr>`,
  );
  const table = `<table><caption style="caption-side:top;text-align:left"><b>${escapeHtml(plainText(heading))}</b></caption><tbody>${rows.join("")}</tbody></table>`;
  const block = values ? `<pre style="white-space:pre-wrap">${escapeHtml(plainText(values))}</pre>` : "";
  const lines = [heading, ...shown.map(([name, text]) => `  ${name}: ${text}`), ...(values ? [values] : [])];
  return {
    "text/html": `${shown.length > 0 ? table : `<b>${escapeHtml(plainText(heading))}</b>`}${block}`,
    "text/plain": lines.join("\n"),
  };
}
