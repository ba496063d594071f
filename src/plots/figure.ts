import type { Config, Data, Layout } from "plotly.js";

/** A MIME bundle as Jupyter shows it. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** What every figure says about where its numbers come from. */
export interface Caption {
  readonly corpus?: string;
  readonly split?: string;
  /** Count with its noun, e.g. "34 recordings". */
  readonly n?: string;
  readonly cacheKey?: string;
  readonly commit?: string;
}

/** A plotly figure that shows itself in a notebook; plain data otherwise. */
export interface Figure {
  readonly data: Data[];
  readonly layout: Partial<Layout>;
  readonly config: Partial<Config>;
}

/** Colours that stay apart for colour-blind readers (Okabe and Ito 2008). */
export const COLORS = {
  blue: "#0072B2",
  orange: "#E69F00",
  green: "#009E73",
  vermilion: "#D55E00",
  purple: "#CC79A7",
  sky: "#56B4E9",
  yellow: "#F0E442",
  grey: "#8A8F98",
} as const;

const TEXT = "#7A808C"; // readable on white and on black
const GRID = "rgba(128,136,150,0.22)";

/** One line of provenance for the foot of a figure. */
export function captionText({ corpus, split, n, cacheKey, commit }: Caption): string {
  const parts = [
    corpus,
    split && `split ${split}`,
    n && `n = ${n}`,
    cacheKey && `cache ${cacheKey}`,
    commit && `commit ${commit}`,
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(" · ");
}

/** Axis defaults of the house style. */
export function axis(title: string, more: object = {}): object {
  return { title: { text: title }, gridcolor: GRID, zeroline: false, linecolor: GRID, automargin: true, ...more };
}

/** A figure in the house style with title and caption; readable on light and dark pages. */
export function makeFigure(title: string, data: Data[], layout: Partial<Layout>, caption: Caption = {}): Figure {
  const foot = captionText(caption);
  const bottom = foot ? 88 : 48;
  const { annotations, margin, ...rest } = layout;
  const whole: Partial<Layout> = {
    title: {
      text: title,
      x: 0,
      xref: "paper",
      xanchor: "left",
      y: 1,
      yref: "container",
      yanchor: "top",
      pad: { t: 14 },
      font: { size: 15 },
    },
    font: { family: "system-ui, sans-serif", size: 12, color: TEXT },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    colorway: Object.values(COLORS),
    height: 360,
    hovermode: "closest",
    modebar: { bgcolor: "rgba(0,0,0,0)", color: GRID, activecolor: TEXT },
    legend: { orientation: "h", y: 1.01, yanchor: "bottom", x: 0, xanchor: "left" },
    ...rest,
    margin: { l: 60, r: 20, t: 76, b: bottom, ...margin },
    annotations: [
      ...(annotations ?? []),
      ...(foot ? [footnote(foot, rest.height ?? 360, { t: 76, b: bottom, ...margin })] : []),
    ],
  };
  const figure: Figure = { data, layout: whole, config: { responsive: true, displaylogo: false } };
  const bundle = (): MimeBundle => ({
    "application/vnd.plotly.v1+json": { data, layout: whole, config: figure.config },
    "text/plain": foot ? `[figure] ${title} (${foot})` : `[figure] ${title}`,
  });
  return Object.defineProperty(figure, Symbol.for("Jupyter.display"), { value: bundle });
}

function footnote(text: string, height: number, { t, b }: { t?: number; b?: number }): object {
  const plotHeight = Math.max(50, height - (t ?? 0) - (b ?? 0));
  return {
    text,
    showarrow: false,
    xref: "paper",
    yref: "paper",
    x: 0,
    y: -(((b ?? 0) - 6) / plotHeight),
    xanchor: "left",
    yanchor: "bottom",
    font: { size: 10, color: COLORS.grey },
  };
}

/** A typed array in plotly's binary form: a quarter of the bytes of JSON numbers. */
export function packed(values: Int16Array | Float32Array): { dtype: "i2" | "f4"; bdata: string } {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: values instanceof Int16Array ? "i2" : "f4", bdata: bytes.toString("base64") };
}
