import type { Data } from "plotly.js";
import type { TypeConfusion } from "../scoring/type-confusion.js";
import { axis, type Caption, type Figure, makeFigure } from "./figure.js";

/** Confusion matrix of seizure types: row shares as colour, events as numbers. */
export function typeConfusionFigure({ rows, columns, counts }: TypeConfusion, caption: Caption = {}): Figure {
  const shares = counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total > 0 ? Math.round((1000 * count) / total) / 1000 : null));
  });
  // background without a detection is not an event, so it has no "missed"
  const text = counts.map((row, r) => row.map((count, c) => (rows[r] === "background" && c === 0 ? "" : `${count}`)));
  const data: Data[] = [
    {
      type: "heatmap",
      x: [...columns],
      y: [...rows],
      z: shares,
      ...({ text, texttemplate: "%{text}" } as object), // @types/plotly.js has no text matrix for heat maps
      zmin: 0,
      zmax: 1,
      colorscale: "Cividis",
      colorbar: { title: { text: "share of the row", side: "right" }, thickness: 12 },
      xgap: 2,
      ygap: 2,
      hovertemplate: "%{y} detected as %{x}: %{text} events<extra></extra>",
    } as Data,
  ];
  const layout = {
    height: 190 + 34 * rows.length,
    showlegend: false,
    xaxis: axis("detected as", { type: "category", showgrid: false }),
    yaxis: axis("", { type: "category", autorange: "reversed", showgrid: false }),
  };
  return makeFigure("Confusion of seizure types (any overlap)", data, layout, caption);
}
