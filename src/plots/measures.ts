/** Figures of a scored detector: false alarms, calibration, sensitivity by group, latency, patients. */
import type { Data } from "plotly.js";
import type { GroupScore, PatientScore } from "../scoring/breakdown.js";
import type { Calibration } from "../scoring/calibration.js";
import type { PatientCalibration } from "../scoring/fit-calibration.js";
import type { OnsetLatencies } from "../scoring/onset-latency.js";
import type { OperatingPoint } from "../scoring/operating-points.js";
import { axis, type Caption, COLORS, type Figure, makeFigure, seriesColor } from "./figure.js";

/** Rates of false alarms in 24 h that papers report. */
const RATES = [1, 2.5, 5, 10];

/** The lowest false alarm rate of the highest sensitivity: higher rates only add false alarms. */
function rateOfHighestSensitivity(points: readonly OperatingPoint[]): number {
  const most = Math.max(...points.map(({ sensitivity }) => sensitivity));
  const highest = points.filter(({ sensitivity }) => sensitivity === most);
  return Math.max(0, Math.min(...highest.map(({ falseAlarmsPer24h }) => falseAlarmsPer24h)));
}

/** An axis of counts, with ticks at whole numbers only. */
function countAxis(title: string, most: number): object {
  return axis(title, { tickformat: ",d", ...(most < 10 ? { dtick: most < 5 ? 1 : 2 } : {}) });
}

/**
 * Event sensitivity against false alarms in 24 h for one or more detectors, with marks at the rates that papers report.
 * The axis ends where sensitivity stops increasing; a double click shows the rest.
 */
export function falseAlarmCurve(
  detectors: Readonly<Record<string, readonly OperatingPoint[]>>,
  caption: Caption = {},
): Figure {
  const colors = [COLORS.blue, COLORS.vermilion, COLORS.green, COLORS.purple];
  const data: Data[] = Object.entries(detectors).map(([name, points], i) => {
    const sorted = [...points].sort(
      (a, b) => a.falseAlarmsPer24h - b.falseAlarmsPer24h || a.sensitivity - b.sensitivity,
    );
    return {
      type: "scatter",
      mode: "lines+markers",
      name,
      x: sorted.map(({ falseAlarmsPer24h }) => falseAlarmsPer24h),
      y: sorted.map(({ sensitivity }) => (Number.isNaN(sensitivity) ? null : sensitivity)),
      text: sorted.map(({ threshold }) => (Number.isFinite(threshold) ? threshold.toFixed(3) : "none")),
      hovertemplate: `${name}: %{y:.3f} at %{x:.2f} a day, threshold %{text}<extra></extra>`,
      marker: { size: 5 },
      line: { color: seriesColor(colors, i), shape: "hv" },
    };
  });
  const reached = Math.max(
    ...Object.values(detectors).map(rateOfHighestSensitivity).filter(Number.isFinite),
    Math.max(...RATES),
  );
  const shapes = RATES.map((rate) => ({
    ...({ type: "line", xref: "x", yref: "paper", x0: rate, x1: rate, y0: 0, y1: 1 } as const),
    line: { color: COLORS.grey, width: 1, dash: "dot" as const },
  }));
  const layout = {
    shapes,
    showlegend: data.length > 1,
    xaxis: axis(`false alarms in 24 h; dotted: ${RATES.join(", ")}`, { range: [0, 1.15 * reached] }),
    yaxis: axis("event sensitivity", { range: [0, 1.02] }),
  };
  return makeFigure("Sensitivity against false alarms", data, layout, caption);
}

/** Observed fraction of seizure against predicted probability, by bin, with the number of values below. */
export function reliabilityDiagram({ bins, expectedError }: Calibration, caption: Caption = {}): Figure {
  const filled = bins.filter(({ count }) => count > 0);
  const data: Data[] = [
    {
      ...({ type: "scatter", mode: "lines", x: [0, 1], y: [0, 1], showlegend: false, hoverinfo: "skip" } as const),
      line: { color: COLORS.grey, dash: "dot", width: 1 },
    },
    {
      type: "scatter",
      mode: "lines+markers",
      name: "fraction of seizure",
      x: filled.map(({ meanScore }) => meanScore),
      y: filled.map(({ seizureShare }) => seizureShare),
      line: { color: COLORS.blue },
    },
    {
      type: "bar",
      name: "values",
      x: bins.map(({ from, to }) => (from + to) / 2),
      y: bins.map(({ count }) => (count > 0 ? count : null)),
      yaxis: "y2",
      marker: { color: COLORS.sky },
    },
  ];
  const layout = {
    height: 440,
    showlegend: false,
    xaxis: axis("predicted probability", { range: [0, 1], anchor: "y2" }),
    yaxis: axis("fraction of seizure", { range: [0, 1.02], domain: [0.36, 1] }),
    yaxis2: axis("values", { type: "log", domain: [0, 0.26], nticks: 3 }),
  };
  return makeFigure(`Reliability; expected calibration error ${expectedError.toFixed(3)}`, data, layout, caption);
}

/** Mean probability against the share of seizure of each patient; on the dotted line a patient's probabilities are right in the mean. */
export function patientReliability(patients: readonly PatientCalibration[], caption: Caption = {}): Figure {
  const known = patients.filter(({ meanProbability }) => !Number.isNaN(meanProbability));
  const most = Math.max(0.05, ...known.flatMap(({ meanProbability, seizureShare }) => [meanProbability, seizureShare]));
  const data: Data[] = [
    {
      ...({
        type: "scatter",
        mode: "lines",
        x: [0, most],
        y: [0, most],
        showlegend: false,
        hoverinfo: "skip",
      } as const),
      line: { color: COLORS.grey, dash: "dot", width: 1 },
    },
    {
      type: "scatter",
      mode: "markers",
      name: "patients",
      x: known.map(({ meanProbability }) => meanProbability),
      y: known.map(({ seizureShare }) => seizureShare),
      text: known.map(({ patient, hours }) => `${patient}, ${hours.toFixed(2)} h`),
      hovertemplate: "%{text}: mean probability %{x:.3f}, share of seizure %{y:.3f}<extra></extra>",
      marker: { color: COLORS.blue, size: 8 },
    },
  ];
  const range = [-0.03 * most, 1.06 * most];
  const layout = {
    showlegend: false,
    xaxis: axis("mean probability of a patient", { range }),
    yaxis: axis("share of seizure", { range }),
  };
  return makeFigure("Reliability by patient", data, layout, caption);
}

/** Detected and missed seizures by group, e.g. by type or by length. */
export function detectedByGroup(
  groups: Readonly<Record<string, GroupScore>>,
  what: string,
  caption: Caption = {},
): Figure {
  const names = Object.keys(groups);
  const scores = Object.values(groups);
  const bar = (name: string, color: string, count: (score: GroupScore) => number): Data => ({
    ...({ type: "bar", orientation: "h", name, y: names, marker: { color } } as const),
    x: scores.map(count),
    text: scores.map((score) => String(count(score) || "")),
    textposition: "inside",
    insidetextanchor: "middle",
    textangle: 0,
  });
  const data = [
    bar("detected", COLORS.blue, ({ detected }) => detected),
    bar("missed", COLORS.orange, ({ seizures, detected }) => seizures - detected),
  ];
  const yaxis = axis("", { type: "category", autorange: "reversed" });
  const layout = {
    barmode: "stack",
    height: 170 + 34 * names.length,
    xaxis: countAxis("seizures", Math.max(0, ...scores.map(({ seizures }) => seizures))),
    yaxis,
  } as const;
  return makeFigure(`Detected seizures by ${what}`, data, layout, caption);
}

const BIN_SECONDS = 5;

/** Histogram of onset latencies in seconds; detections before the onset are below 0. The axis names what was added. */
export function latencyHistogram(found: OnsetLatencies, caption: Caption = {}): Figure {
  const { latencies: latenciesSeconds, lookAheadSeconds } = found;
  const added = lookAheadSeconds === null ? "unknown" : `+${Number(lookAheadSeconds.toFixed(1))} s`;
  const data: Data[] = [
    {
      type: "histogram",
      x: [...latenciesSeconds],
      xbins: { size: BIN_SECONDS },
      marker: { color: COLORS.blue },
    } as Data,
  ];
  const bins = new Map<number, number>();
  for (const latency of latenciesSeconds) {
    const bin = Math.floor(latency / BIN_SECONDS);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  const onset = { type: "line", xref: "x", yref: "paper", x0: 0, x1: 0, y0: 0, y1: 1 } as const;
  const layout = {
    shapes: [{ ...onset, line: { color: COLORS.vermilion, width: 1.5, dash: "dot" as const } }],
    xaxis: axis(`alarm after onset (s), look-ahead ${added}`),
    yaxis: countAxis("seizures with a recorded onset", Math.max(0, ...bins.values())),
    bargap: 0.05,
  };
  return makeFigure("Onset latency; dotted: annotated onset", data, layout, caption);
}

/** Wilson score interval of a proportion, 95 %. */
export function wilson(hits: number, total: number): { lower: number; upper: number } {
  if (total === 0) return { lower: Number.NaN, upper: Number.NaN };
  const z = 1.959964;
  const share = hits / total;
  const centre = (share + z ** 2 / (2 * total)) / (1 + z ** 2 / total);
  const half = (z / (1 + z ** 2 / total)) * Math.sqrt((share * (1 - share)) / total + z ** 2 / (4 * total ** 2));
  return { lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

/** Sensitivity with the 95 % Wilson score interval and false alarms of each patient; those without seizures have an alarm rate only. */
export function patientForest(patients: readonly PatientScore[], caption: Caption = {}): Figure {
  const sorted = [...patients].sort(
    (a, b) => (a.sensitivity || 0) - (b.sensitivity || 0) || b.falseAlarms - a.falseAlarms,
  );
  const y = sorted.map(({ patient }) => patient);
  const errors = sorted.map(({ detected, seizures, sensitivity }) => {
    const { lower, upper } = wilson(detected, seizures);
    return { above: upper - sensitivity || 0, below: sensitivity - lower || 0 }; // NaN becomes 0
  });
  const known = (value: number) => (Number.isNaN(value) ? null : value);
  const data: Data[] = [
    {
      ...({ type: "scatter", mode: "markers", name: "sensitivity", y } as const),
      x: sorted.map(({ sensitivity }) => known(sensitivity)),
      text: sorted.map(({ detected, seizures }) => `${detected} of ${seizures}`),
      hovertemplate: "%{y}: %{text}<extra></extra>",
      error_x: {
        type: "data",
        symmetric: false,
        array: errors.map(({ above }) => above),
        arrayminus: errors.map(({ below }) => below),
        thickness: 1.3,
      },
      marker: { color: COLORS.blue, size: 8 },
    },
    {
      ...({ type: "bar", orientation: "h", name: "false alarms in 24 h", y, xaxis: "x2" } as const),
      x: sorted.map(({ falseAlarmsPer24h }) => known(falseAlarmsPer24h)),
      marker: { color: COLORS.orange },
    },
  ];
  const layout = {
    height: 170 + 20 * sorted.length,
    xaxis: axis("sensitivity", { range: [-0.02, 1.02], domain: [0, 0.6] }),
    xaxis2: axis("FA in 24 h", { domain: [0.68, 1], rangemode: "tozero", anchor: "y" }),
    yaxis: axis("", { type: "category", tickfont: { size: 10 } }),
  };
  return makeFigure("Patients (any overlap, 95 % intervals)", data, layout, caption);
}
