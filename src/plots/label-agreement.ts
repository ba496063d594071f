import type { Data } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, lengthAxis, makeFigure } from "./figure.js";

/** Fields of a recording that the figure needs. */
export interface AgreementRow {
  readonly id: string;
  readonly agreement?: {
    readonly typedSeconds: number;
    readonly binarySeconds: number;
    readonly differenceSeconds: number;
  };
}

/** Up to this difference, in seconds, two files agree. */
const AGREEMENT_SECONDS = 0.02;
const FLOOR_SECONDS = 0.001; // value of equal files on the log axis

/**
 * Agreement of csv and csv_bi: a point per recording that has both and a seizure in one of them; seconds of seizure against
 * the seconds that only one of the files has, on log axes; equal files are drawn at one millisecond.
 */
export function labelAgreement(rows: readonly AgreementRow[], caption: Caption = {}): Figure {
  const both = rows.flatMap(({ id, agreement }) => (agreement ? [{ id, ...agreement }] : []));
  const withSeizures = both.filter(({ typedSeconds, binarySeconds }) => typedSeconds + binarySeconds > 0);
  const isEqual = ({ differenceSeconds }: { differenceSeconds: number }) =>
    differenceSeconds <= AGREEMENT_SECONDS + 1e-9;
  const groups = [
    ["agree", COLORS.blue, withSeizures.filter(isEqual)],
    ["differ", COLORS.vermilion, withSeizures.filter((row) => !isEqual(row))],
  ] as const;
  const data: Data[] = groups.map(([name, color, points]) => ({
    type: "scatter",
    mode: "markers",
    name: `${name}: ${points.length}`,
    x: points.map(({ typedSeconds, binarySeconds }) => round(Math.max(typedSeconds, binarySeconds))),
    y: points.map(({ differenceSeconds }) => round(Math.max(FLOOR_SECONDS, differenceSeconds))),
    text: points.map(
      ({ id, typedSeconds, binarySeconds }) =>
        `${id}<br>csv ${round(typedSeconds)} s, csv_bi ${round(binarySeconds)} s`,
    ),
    marker: { color, size: 8, opacity: 0.75 },
    hovertemplate: "%{text}<br>%{y} s in one file only<extra></extra>",
  }));
  return makeFigure(
    `csv and csv_bi: ${groups[1][2].length} of ${both.length} recordings differ`,
    data,
    {
      xaxis: lengthAxis("seizure in the file with more (s)"),
      yaxis: axis("seizure in one file only (s)", { type: "log", range: [Math.log10(FLOOR_SECONDS) - 0.3, 3] }),
      shapes: [
        {
          type: "line",
          xref: "paper",
          x0: 0,
          x1: 1,
          y0: AGREEMENT_SECONDS,
          y1: AGREEMENT_SECONDS,
          line: { color: COLORS.grey, width: 1, dash: "dot" },
        },
      ],
    },
    caption,
  );
}

const round = (value: number) => Math.round(value * 1e4) / 1e4;
