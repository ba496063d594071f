import type { Data } from "plotly.js";
import type { GroupScore } from "../scoring/breakdown.js";
import type { DurationScores } from "../scoring/type-duration.js";
import { axis, type Caption, type Figure, makeFigure } from "./figure.js";
import { wilson } from "./measures.js";
import { typeColor } from "./seizure-labels.js";

const countsOf = ({ detected, seizures }: GroupScore) => `${detected} of ${seizures}`;

/** Detected among the shorter and the longer half of the seizures. */
function durationFinding({ medianSeconds, shorter, longer }: DurationScores): string {
  if (shorter.seizures + longer.seizures === 0) return "No seizure to detect";
  if (shorter.seizures === 0) return `${countsOf(longer)} seizures detected`;
  return `Detected: ${countsOf(shorter)} under ${Math.round(medianSeconds)} s, ${countsOf(longer)} of at least that`;
}

const orNull = (value: number) => (Number.isNaN(value) ? null : value);

/** Sensitivity (any overlap) of each seizure type against the seizures' duration, with 95 % Wilson score intervals. */
export function sensitivityByDuration(scores: DurationScores, caption: Caption = {}): Figure {
  const { groups, types } = scores;
  const data: Data[] = types.map(({ type, scores: own }, i) => {
    const errors = own.map(({ detected, seizures, sensitivity }) => {
      const { lower, upper } = wilson(detected, seizures);
      return { above: upper - sensitivity || 0, below: sensitivity - lower || 0 }; // NaN becomes 0
    });
    return {
      type: "scatter",
      mode: "lines+markers",
      name: type,
      x: own.map((_, g) => g + 0.12 * (i - (types.length - 1) / 2)), // side by side, so that intervals do not cover each other
      y: own.map(({ sensitivity }) => orNull(sensitivity)),
      text: own.map(countsOf),
      connectgaps: true,
      error_y: {
        type: "data",
        symmetric: false,
        array: errors.map(({ above }) => above),
        arrayminus: errors.map(({ below }) => below),
        thickness: 1.2,
      },
      marker: { color: typeColor(type), size: 8 },
      line: { color: typeColor(type), width: 1.3 },
      hovertemplate: `${type}: %{text} detected<extra></extra>`,
    };
  });
  const layout = {
    xaxis: axis("duration of the seizure", {
      tickvals: groups.map((_, g) => g),
      ticktext: [...groups],
      range: [-0.5, groups.length - 0.5],
    }),
    yaxis: axis("sensitivity", { range: [-0.02, 1.02] }),
    showlegend: true,
  };
  return makeFigure(durationFinding(scores), data, layout, caption);
}
