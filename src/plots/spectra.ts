import type { Data } from "plotly.js";
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
