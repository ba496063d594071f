import type { Data } from "plotly.js";
import { quantileOf } from "../base/quantile.js";
import { detectedSeizures, lengthGroups, type TypedPair } from "../scoring/breakdown.js";
import { axis, type Caption, type Figure, makeFigure } from "./figure.js";
import { wilson } from "./measures.js";
import { typeColor } from "./seizure-labels.js";

interface Found {
  readonly type: string;
  readonly seconds: number;
  readonly detected: boolean;
}

const sharesOf = (found: readonly Found[]) => `${found.filter(({ detected }) => detected).length} of ${found.length}`;

/** Detected among the shorter and the longer half of the seizures. */
function durationFinding(all: readonly Found[]): string {
  if (all.length === 0) return "No seizure to detect";
  const median = quantileOf(
    all.map(({ seconds }) => seconds),
    0.5,
  );
  const short = all.filter(({ seconds }) => seconds < median);
  const long = all.filter(({ seconds }) => seconds >= median);
  if (short.length === 0) return `${sharesOf(long)} seizures detected`;
  return `Detected: ${sharesOf(short)} under ${Math.round(median)} s, ${sharesOf(long)} of at least that`;
}

/**
 * Sensitivity (any overlap) of each seizure type against the seizures' duration in the groups of `scoreBreakdown`, with 95 % Wilson
 * score intervals.
 */
export function sensitivityByDuration(pairs: readonly TypedPair[], caption: Caption = {}): Figure {
  const all = pairs.flatMap((pair) =>
    detectedSeizures(pair).map(({ seizure: { label, startSeconds, endSeconds }, detected }) => ({
      ...{ type: label, seconds: endSeconds - startSeconds, detected },
    })),
  );
  const types = [...new Set(all.map(({ type }) => type))].sort();
  const data: Data[] = types.map((type, i) => {
    const groups = lengthGroups().map(({ fromSeconds, toSeconds }) => {
      const own = all.filter((each) => each.type === type && each.seconds >= fromSeconds && each.seconds < toSeconds);
      const hits = own.filter(({ detected }) => detected).length;
      return { own, share: own.length > 0 ? hits / own.length : null, ...wilson(hits, own.length) };
    });
    const distance = (index: number, to: number) => Math.abs(to - (groups[index]?.share ?? to)) || 0;
    return {
      type: "scatter",
      mode: "lines+markers",
      name: type,
      x: groups.map((_, g) => g + 0.12 * (i - (types.length - 1) / 2)), // side by side, so that intervals do not cover each other
      y: groups.map(({ share }) => share),
      text: groups.map(({ own }) => sharesOf(own)),
      connectgaps: true,
      error_y: {
        type: "data",
        symmetric: false,
        array: groups.map(({ upper }, g) => distance(g, upper)),
        arrayminus: groups.map(({ lower }, g) => distance(g, lower)),
        thickness: 1.2,
      },
      marker: { color: typeColor(type), size: 8 },
      line: { color: typeColor(type), width: 1.3 },
      hovertemplate: `${type}: %{text} detected<extra></extra>`,
    };
  });
  const layout = {
    xaxis: axis("duration of the seizure", {
      tickvals: lengthGroups().map((_, g) => g),
      ticktext: lengthGroups().map(({ name }) => name),
      range: [-0.5, lengthGroups().length - 0.5],
    }),
    yaxis: axis("sensitivity", { range: [-0.02, 1.02] }),
    showlegend: true,
  };
  return makeFigure(durationFinding(all), data, layout, caption);
}
