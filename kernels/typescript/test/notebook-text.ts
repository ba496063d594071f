export interface CellSpec {
  readonly code?: string;
  readonly markdown?: string;
  readonly tags?: readonly string[];
}

/** The text of an .ipynb file with these cells; plain strings are code. */
export function notebookText(cells: readonly (string | CellSpec)[], kernel = "tslab"): string {
  const raw = cells.map((spec, i) => {
    const { code, markdown, tags } =
      typeof spec === "string" ? { code: spec, markdown: undefined, tags: undefined } : spec;
    const metadata = tags ? { tags } : {};
    if (markdown !== undefined) return { cell_type: "markdown", id: `cell-${i}`, metadata, source: markdown };
    return { cell_type: "code", id: `cell-${i}`, metadata, source: code ?? "", outputs: [], execution_count: null };
  });
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: kernel, display_name: kernel } },
    cells: raw,
  });
}
