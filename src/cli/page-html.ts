/** Parts of self-contained HTML pages. */
import { foldedTable } from "@ictal/jupyter/report/key-figures";
import { anchorHeadings, type ContentsEntry, pageHtml } from "@ictal/jupyter/report/page";

export { figureHtml } from "@ictal/jupyter/report/figure-place";

/** Names and values as a folded table, open on paper. */
export function receiptHtml(fields: Readonly<Record<string, string | number | undefined>>): string {
  const rows = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return foldedTable("What was run on what", rows, "receipt");
}

/** A self-contained page with contents and the library of its figures. */
export async function htmlPage(title: string, parts: readonly string[]): Promise<string> {
  const contents: ContentsEntry[] = [];
  const main = anchorHeadings(parts.join("\n"), "section", contents);
  return pageHtml({ title, main, contents });
}
