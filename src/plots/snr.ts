import type { Data } from "plotly.js";
import type { SnrPoint } from "../scoring/snr-sensitivity.js";
import { axis, type Caption, COLORS, type Figure, makeFigure, seriesColor } from "./figure.js";
import { wilson } from "./measures.js";

/** Share of injected seizures that each detector finds against their signal-to-noise ratio, with 95 % Wilson score intervals. */
export function snrSensitivity(
  detectors: Readonly<Record<string, readonly SnrPoint[]>>,
  caption: Caption = {},
): Figure {
  const colors = [COLORS.blue, COLORS.vermilion, COLORS.green, COLORS.purple];
  const data: Data[] = Object.entries(detectors).map(([name, points], i) => {
    const share = points.map(({ detected, seizures }) => (seizures > 0 ? detected / seizures : null));
    const bounds = points.map(({ detected, seizures }) => wilson(detected, seizures));
    const distance = (bound: number, at: number) => Math.abs(bound - (share[at] ?? Number.NaN)) || 0;
    return {
      ...({ type: "scatter", mode: "lines+markers", name } as const),
      x: points.map(({ snrDb }) => snrDb),
      y: share,
      text: points.map(
        ({ detected, seizures, patients, falseAlarms, hours }) =>
          `${detected} of ${seizures} seizures, ${patients} patients, ${falseAlarms} false alarms in ${hours.toFixed(2)} h`,
      ),
      error_y: {
        ...({ type: "data", symmetric: false, thickness: 1 } as const),
        array: bounds.map(({ upper }, at) => distance(upper, at)),
        arrayminus: bounds.map(({ lower }, at) => distance(lower, at)),
      },
      line: { color: seriesColor(colors, i) },
      hovertemplate: `${name}: %{text} at %{x} dB<extra></extra>`,
    };
  });
  const layout = {
    showlegend: data.length > 1,
    xaxis: axis("signal-to-noise ratio of the seizure (dB)"),
    yaxis: axis("share of seizures found", { range: [0, 1.02] }),
  };
  return makeFigure("Sensitivity against signal-to-noise ratio", data, layout, caption);
}
