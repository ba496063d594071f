import type { Config, Data, Layout } from "plotly.js";

/** A MIME bundle as Jupyter shows it. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** Provenance of the data of a figure. */
export interface Caption {
  readonly corpus?: string | undefined;
  readonly split?: string | undefined;
  /** Count with its noun, e.g. "34 recordings". */
  readonly n?: string | undefined;
  readonly cacheKey?: string | undefined;
  readonly commit?: string | undefined;
}

/** A plotly figure that shows itself in a notebook; plain data otherwise. */
export interface Figure {
  readonly data: Data[];
  readonly layout: Partial<Layout>;
  readonly config: Partial<Config>;
}

/** Colours that colour-blind readers can distinguish (Okabe and Ito 2008). */
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

/** The colour of the `index`-th series; colours repeat when there are more series. */
export function seriesColor(colors: readonly string[], index: number): string {
  return colors[index % colors.length] ?? COLORS.grey;
}

const TEXT = "#7A808C"; // readable on white and on black
const GRID = "rgba(128,136,150,0.22)";

function captionParts({ corpus, split, n, cacheKey, commit }: Caption): string[] {
  const parts = [
    corpus,
    split && `split ${split}`,
    n && `n = ${n}`,
    cacheKey && `cache ${cacheKey}`,
    commit && `commit ${commit}`,
  ];
  return parts.filter((part): part is string => part !== undefined && part !== "");
}

/** One line of provenance. */
export function captionText(caption: Caption): string {
  return captionParts(caption).join(" · ");
}

const CAPTION_CHARACTERS = 56; // of size 10: as wide as a phone

/** The provenance in lines that fit a phone; broken between its parts, within a part only where that is too long. */
function captionLines(caption: Caption): string[] {
  const lines: string[] = [];
  for (const part of captionParts(caption)) {
    const words = part.length > CAPTION_CHARACTERS ? part.split(" ") : [part];
    for (const [index, word] of words.entries()) {
      const joined = lines.length === 0 ? word : `${lines.at(-1)}${index === 0 ? " · " : " "}${word}`;
      if (lines.length > 0 && joined.length <= CAPTION_CHARACTERS) lines.pop();
      lines.push(joined.length <= CAPTION_CHARACTERS ? joined : word);
    }
  }
  return lines;
}

/** Axis defaults of all figures. */
export function axis(title: string, more: object = {}): object {
  return {
    title: { text: title, standoff: 8 },
    gridcolor: GRID,
    zeroline: false,
    linecolor: GRID,
    automargin: true,
    ...more,
  };
}

const LENGTH_TICKS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/** A logarithmic axis of seizure lengths in seconds, with explicit ticks. */
export function lengthAxis(title: string): object {
  return axis(title, { type: "log", tickvals: LENGTH_TICKS });
}

const TITLE_PIXELS = 40;
const CAPTION_LINE_PIXELS = 13;
const LEGEND_PIXELS = 28;

/** Position of the legend below title and caption, and the margins; all in pixels, for figures of any width. */
function head(height: number, captionLines: number, hasLegend: boolean) {
  const legendTop = TITLE_PIXELS + CAPTION_LINE_PIXELS * captionLines;
  const legend = {
    orientation: "h",
    xref: "container",
    x: 0.01,
    xanchor: "left",
    yref: "container",
    yanchor: "top",
    traceorder: "normal", // plotly turns it round for stacked bars
  } as const;
  return {
    legend: { ...legend, y: 1 - legendTop / height },
    margin: { l: 60, r: 20, t: legendTop + (hasLegend ? LEGEND_PIXELS : 12), b: 48 },
  };
}

/** A figure in the common style, title and caption at the top; readable on light and dark pages and on a phone. */
export function makeFigure(title: string, data: Data[], layout: Partial<Layout>, caption: Caption = {}): Figure {
  const provenance = captionText(caption);
  const lines = captionLines(caption);
  const { margin, legend, height = 360, ...rest } = layout;
  const frame = head(height, lines.length, rest.showlegend !== false);
  const whole: Partial<Layout> = {
    title: {
      text: title,
      subtitle: { text: lines.join("<br>"), font: { size: 10, color: TEXT } },
      x: 0,
      xref: "container",
      xanchor: "left",
      y: 1,
      yref: "container",
      yanchor: "top",
      pad: { t: 14, l: 14 },
      font: { size: 15 },
    },
    font: { family: "system-ui, sans-serif", size: 12, color: TEXT },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    colorway: Object.values(COLORS),
    height,
    hovermode: "closest",
    modebar: { bgcolor: "rgba(0,0,0,0)", color: GRID, activecolor: TEXT },
    legend: { ...frame.legend, ...legend },
    ...({ uniformtext: { minsize: 9, mode: "hide" } } as object), // not in @types/plotly.js; hides text that is too small to read
    ...rest,
    margin: { ...frame.margin, ...margin },
  };
  const figure: Figure = { data, layout: whole, config: { responsive: true, displaylogo: false } };
  const bundle = (): MimeBundle => ({
    "application/vnd.plotly.v1+json": { data, layout: whole, config: figure.config },
    "text/plain": provenance ? `[figure] ${title} (${provenance})` : `[figure] ${title}`,
  });
  return Object.defineProperty(figure, Symbol.for("Jupyter.display"), { value: bundle });
}

/** A typed array in plotly's binary form: a quarter of the bytes of JSON numbers. */
export function packed(values: Int16Array | Float32Array): { dtype: "i2" | "f4"; bdata: string } {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: values instanceof Int16Array ? "i2" : "f4", bdata: bytes.toString("base64") };
}
