import type { Data } from "plotly.js";
import { axis, type Caption, COLORS, type Figure, makeFigure } from "./figure.js";

/** One training step as logged. */
export interface StepPoint {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
}

/** One validation. */
export interface ValidationPoint {
  readonly step: number;
  readonly value: number;
}

/** Loss per step, learning rate (from 0 to the highest, which the legend names) and a validation metric on axes of their own. */
export function trainingCurve(
  steps: readonly StepPoint[],
  validations: readonly ValidationPoint[],
  metric: string,
  caption: Caption = {},
): Figure {
  const highest = steps.reduce((most, { learningRate }) => Math.max(most, learningRate), 0);
  const data: Data[] = [
    {
      type: "scatter",
      mode: "lines",
      name: "loss",
      x: steps.map(({ step }) => step),
      y: steps.map(({ loss }) => loss),
      line: { color: COLORS.blue },
    },
    {
      type: "scatter",
      mode: "lines",
      name: `learning rate, at most ${highest.toPrecision(2)}`,
      x: steps.map(({ step }) => step),
      y: steps.map(({ learningRate }) => learningRate),
      yaxis: "y3",
      line: { color: COLORS.grey, width: 1, dash: "dot" },
    },
    {
      type: "scatter",
      mode: "lines+markers",
      name: metric,
      x: validations.map(({ step }) => step),
      y: validations.map(({ value }) => value),
      yaxis: "y2",
      line: { color: COLORS.vermilion },
    },
  ];
  return makeFigure(
    "Training",
    data,
    {
      xaxis: axis("step"),
      yaxis: axis("loss", { rangemode: "tozero" }),
      yaxis2: axis(metric, {
        overlaying: "y",
        side: "right",
        range: [0, 1.02],
        tickmode: "linear",
        dtick: 0.2,
        showgrid: false,
      }),
      yaxis3: axis("", {
        overlaying: "y",
        rangemode: "tozero",
        visible: false,
      }),
    },
    caption,
  );
}
