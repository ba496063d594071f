import type { Data } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";

/** Recordings that have exactly these electrodes. */
export interface ElectrodeSet {
  readonly electrodes: readonly string[];
  readonly recordings: number;
  /** One of them. */
  readonly example: string;
}

const SHOWN_SETS = 24;
const SHOWN_OTHERS = 12;

/**
 * Which electrodes are present: a column for each, a row for each set that occurs, the most frequent on top. `wanted` (such
 * as the 19 of the 10-20 system) come first and are red where they are missing; the others are grey where present.
 */
export function channelMatrix(sets: readonly ElectrodeSet[], wanted: readonly string[], caption: Caption = {}): Figure {
  const columns = [...wanted, ...frequentOthers(sets, wanted)];
  const shown = sets.slice(0, SHOWN_SETS);
  const z = shown.map(({ electrodes }) =>
    columns.map((name) => {
      const isPresent = electrodes.includes(name);
      return wanted.includes(name) ? (isPresent ? 3 : 1) : isPresent ? 2 : 0;
    }),
  );
  const total = sets.reduce((sum, { recordings }) => sum + recordings, 0);
  const share = (recordings: number) => `${recordings} (${((100 * recordings) / total).toFixed(1)} %)`;
  const data: Data[] = [
    {
      type: "heatmap",
      x: columns,
      y: shown.map((_, i) => i),
      z,
      zmin: 0,
      zmax: 3,
      colorscale: steps(["rgba(138,143,152,0.08)", COLORS.vermilion, COLORS.grey, COLORS.blue]),
      showscale: false,
      xgap: 2,
      ygap: 2,
      text: shown.map(({ example, electrodes }) => columns.map((name) => cellText(name, electrodes, example))),
      hovertemplate: "%{text}<extra></extra>",
    } as unknown as Data, // @types/plotly.js has no text matrix for heat maps
  ];
  const complete = sets
    .filter(({ electrodes }) => wanted.every((name) => electrodes.includes(name)))
    .reduce((sum, { recordings }) => sum + recordings, 0);
  const rest = sets.length > shown.length ? `; ${sets.length} sets` : "";
  return makeFigure(
    `Electrodes: ${complete} of ${total} have all ${wanted.length}${rest}`,
    data,
    {
      height: Math.max(260, 150 + 24 * shown.length),
      showlegend: false,
      xaxis: axis("", { showgrid: false, tickangle: -90, tickfont: { size: 9 }, type: "category", dtick: 1 }),
      yaxis: axis("recordings", {
        showgrid: false,
        autorange: "reversed",
        tickvals: shown.map((_, i) => i),
        ticktext: shown.map(({ recordings }) => share(recordings)),
      }),
    },
    caption,
  );
}

function cellText(name: string, electrodes: readonly string[], example: string): string {
  return `${name} ${electrodes.includes(name) ? "is present" : "is missing"}, as in<br>${example}`;
}

/** Electrodes beside the wanted ones, the most frequent first. */
function frequentOthers(sets: readonly ElectrodeSet[], wanted: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const { electrodes, recordings } of sets) {
    for (const name of electrodes) if (!wanted.includes(name)) counts.set(name, (counts.get(name) ?? 0) + recordings);
  }
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, SHOWN_OTHERS)
    .map(([name]) => name);
}

/** A colour scale of equal steps. */
function steps(colors: readonly string[]): [number, string][] {
  return colors.flatMap((color, i) => [
    [i / colors.length, color] as [number, string],
    [(i + 1) / colors.length, color] as [number, string],
  ]);
}
