import type { Data } from "plotly.js";
import type { IctalSpectra, SpectrumQuartiles } from "../corpus/ictal-spectra.js";
import { axis, type Caption, COLORS, type Figure, makeFigure, seriesColor } from "./figure.js";

/** A one-sided power spectral density. */
export interface DrawnSpectrum {
  readonly name: string;
  readonly frequenciesHz: Float64Array;
  readonly power: Float64Array;
}

const LINES = [COLORS.grey, COLORS.blue, COLORS.vermilion, COLORS.green];

/** Spectra in decibels, each relative to its own mean between 1 and 40 Hz, so that different units share an axis. */
export function spectraFigure(spectra: readonly DrawnSpectrum[], caption: Caption = {}): Figure {
  const data: Data[] = spectra.map(({ name, frequenciesHz, power }, i) => {
    const inside = power.filter((_, bin) => frequenciesHz[bin]! >= 1 && frequenciesHz[bin]! <= 40);
    const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
    return {
      type: "scatter",
      mode: "lines",
      name,
      x: [...frequenciesHz.subarray(1)],
      y: Array.from(
        power.subarray(1),
        (value) => Math.round(100 * Math.max(-120, 10 * Math.log10(value / mean))) / 100,
      ),
      line: { color: seriesColor(LINES, i), width: 1.5 },
    };
  });
  const layout = { xaxis: axis("frequency (Hz)"), yaxis: axis("power (dB)") };
  return makeFigure("Power spectral density; 0 dB: mean of 1 to 40 Hz", data, layout, caption);
}

const rounded = (values: ArrayLike<number>) => Array.from(values, (value) => Math.round(100 * value) / 100);

/** A line of medians with the quartiles as a band. */
function quartileLines(name: string, x: readonly number[], found: SpectrumQuartiles, color: string, y = "y"): Data[] {
  const line = (values: Float64Array, more: object): Data =>
    ({ type: "scatter", mode: "lines", x, y: rounded(values), yaxis: y, ...more }) as Data;
  const edge = { line: { width: 0, color }, showlegend: false, hoverinfo: "skip" };
  return [
    line(found.lower, edge),
    line(found.upper, { ...edge, fill: "tonexty", fillcolor: `${color}33` }),
    line(found.median, {
      name,
      line: { color, width: 1.6 },
      hovertemplate: `${name}: %{y} dB at %{x} Hz<extra></extra>`,
    }),
  ];
}

function largestGain({ frequenciesHz, difference, seizures }: IctalSpectra): string {
  if (seizures === 0) return "No seizure whose spectrum could be compared";
  const most = difference.median.indexOf(Math.max(...difference.median));
  const gain = difference.median[most] ?? Number.NaN;
  const sign = gain >= 0 ? "+" : "−";
  const at = `${frequenciesHz[most]} Hz`;
  return `Seizures gain most at ${at}: ${sign}${Math.abs(gain).toFixed(1)} dB in the median of ${seizures}`;
}

/** Spectra of seizures and of the EEG between them, and below their difference: medians with quartiles over seizures. */
export function ictalSpectraFigure(spectra: IctalSpectra, caption: Caption = {}): Figure {
  const x = rounded(spectra.frequenciesHz);
  const data = [
    ...quartileLines("between seizures", x, spectra.interictal, COLORS.blue),
    ...quartileLines("in seizures", x, spectra.ictal, COLORS.vermilion),
    ...quartileLines("difference", x, spectra.difference, COLORS.green, "y2"),
  ];
  const layout = {
    height: 520,
    legend: { traceorder: "normal" },
    xaxis: axis("frequency (Hz)", { anchor: "y2" }),
    yaxis: axis("dB re 1 µV²/Hz", { domain: [0.42, 1] }),
    yaxis2: axis("difference (dB)", { domain: [0, 0.34], zeroline: true, zerolinecolor: COLORS.grey }),
  } as const;
  return makeFigure(largestGain(spectra), data, layout, caption);
}
