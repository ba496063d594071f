import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { sha256 } from "@ictal/base/canonical";
import { escapeHtml, scriptJson } from "@ictal/base/html";
import { homeProject, projectOf } from "./project.js";
import type { MimeBundle } from "./wire/message.js";

/** MIME type of a plotly figure as JSON. */
export const FIGURE_MIME = "application/vnd.plotly.v1+json";

/** Marks a bundle whose figure is in its HTML alone, for front ends with our extension (the folder jupyterlab). */
const FIGURE_IN_HTML_MIME = "application/vnd.ictal.figure+json";

/** A plotly figure: plain JSON values only. */
export interface Figure {
  readonly data: readonly unknown[];
  readonly layout?: Readonly<Record<string, unknown>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface FigureBundleOptions {
  /** A still picture for viewers that run no scripts (GitHub) or have no plotly.js; it gives way to the live figure. */
  readonly altPngBase64?: string | undefined;
  /** What the figure shows, in a sentence. @default the layout's title */
  readonly text?: string | undefined;
}

/** Above this size of its JSON a figure is stored once, in its HTML, and not again as JSON. */
const TWICE_LIMIT_CHARACTERS = 50_000;

/** Where the installed plotly.js lies, and its version. */
export function plotlyLibrary(): { path: string; version: string } {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve("plotly.js-dist/package.json");
  const { version, main } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string; main: string };
  return { path: join(dirname(manifest), main), version };
}

let figureCount = 0;

function titleOf(figure: Figure): string {
  const title = figure.layout?.title as { text?: string } | string | undefined;
  const text = (typeof title === "string" ? title : title?.text)?.replace(/<[^>]+>/g, "").trim();
  const traces = `${figure.data.length} trace${figure.data.length === 1 ? "" : "s"}`;
  return text ? `Figure: ${text} (${traces})` : `Figure (${traces})`;
}

/**
 * The script that draws a stand-alone figure. It takes the page's Plotly if there is one; else it loads the library
 * once per page: by our extension in JupyterLab (the folder jupyterlab), from the Jupyter server that shows the notebook,
 * when that serves the project's folder, else from the public npm mirror in the very version of package.json. When none
 * can be reached it shows a message.
 */
function loaderScript(id: string): string {
  const { path, version } = plotlyLibrary();
  const local = relative(homeProject() ?? projectOf(process.cwd()), path)
    .split("\\")
    .join("/");
  return `(function(){var me=document.currentScript,box=me&&me.parentNode&&me.parentNode.id===${JSON.stringify(id)}?me.parentNode:document.getElementById(${JSON.stringify(id)});if(!box)return;
var figure=JSON.parse(box.querySelector("script").textContent),w=window;
function draw(){var c=Object.assign({responsive:true,displaylogo:false},figure.config),p=box.querySelector("div");p.textContent="";w.Plotly.newPlot(p,figure.data,figure.layout||{},c)}
function load(u){return new Promise(function(ok,no){var s=document.createElement("script");s.src=u;s.onload=function(){w.Plotly?ok():no()};s.onerror=no;document.head.appendChild(s)})}
if(w.Plotly)return draw();
var j=document.getElementById("jupyter-config-data"),b=j?JSON.parse(j.textContent).baseUrl:null,far="https://cdn.jsdelivr.net/npm/plotly.js-dist@${version}/plotly.js";
w.ictalPlotly=w.ictalPlotly||(b?load(b+"files/${local}").catch(function(){return load(far)}):load(far));
w.ictalPlotly.then(draw,function(){box.querySelector("p").hidden=!!box.querySelector("img")})})()`;
}

const PLACE_START = '<div style="min-height:';
const PLACE = new RegExp(`(${PLACE_START}\\d+(?:\\.\\d+)?px">)(?:<img [^>]*>)?(?=</div>)`);

function stillHtml(source: string, text: string): string {
  return `<img alt="${escapeHtml(text)}" style="max-width:100%" src="${source}">`;
}

/** Pictures of one figure, both in base64. */
export interface StillPictures {
  /** Left out where it would make a notebook too large. */
  readonly png: string | undefined;
  /** The same for its HTML; WebP takes a third of the room. */
  readonly webp: string;
  /** CSS pixels. */
  readonly width: number;
}

/**
 * A bundle of `figureBundle` with still pictures: as image/png, and in its HTML where the live figure will stand, since
 * GitHub shows the HTML without its scripts. Other bundles get image/png alone.
 */
export function withStill(bundle: MimeBundle, { png, webp, width }: StillPictures): MimeBundle {
  const html = bundle["text/html"];
  const text = String(bundle["text/plain"] ?? "Figure");
  const still = stillHtml(`data:image/webp;base64,${webp}`, text).replace("<img ", `<img width="${width}" `);
  const shown =
    typeof html === "string" ? { "text/html": html.replace(PLACE, (_, place: string) => place + still) } : {};
  return { ...bundle, ...shown, ...(png === undefined ? {} : { "image/png": png }) };
}

/**
 * A figure as a display bundle: HTML that stands alone (a place, the figure as JSON, a short loader; the library itself
 * is never inlined), a sentence of text, the JSON for front ends that draw it themselves (VS Code, JupyterLab with
 * plotly's extension) unless that would double a large notebook, and a PNG if given.
 */
export function figureBundle(figure: Figure, options: FigureBundleOptions = {}): MimeBundle {
  const { data, layout, config } = figure;
  const plain = { data, ...(layout ? { layout } : {}), ...(config ? { config } : {}) };
  const json = scriptJson(plain);
  figureCount += 1;
  const id = `figure-${sha256(json).slice(0, 8)}-${figureCount}`; // the same in every run of a notebook
  const text = options.text ?? titleOf(figure);
  const height = typeof layout?.height === "number" ? layout.height : 450;
  const still = options.altPngBase64 ? stillHtml(`data:image/png;base64,${options.altPngBase64}`, text) : "";
  const html = `<div id="${id}"><script type="${FIGURE_MIME}">${json}</script>${PLACE_START}${height}px">${still}</div><p hidden>${escapeHtml(text)}: plotly.js could not be loaded; open the HTML report to see it.</p><script>${loaderScript(id)}</script></div>`;
  return {
    "text/html": html,
    ...(json.length <= TWICE_LIMIT_CHARACTERS ? { [FIGURE_MIME]: plain } : { [FIGURE_IN_HTML_MIME]: {} }),
    ...(options.altPngBase64 ? { "image/png": options.altPngBase64 } : {}),
    "text/plain": text,
  };
}

const FIGURE_SCRIPT = /<script\b[^>]*\btype=["']application\/vnd\.plotly\.v1\+json["'][^>]*>([\s\S]*?)<\/script>/i;

/** The figure inside HTML of `figureBundle` or any HTML that holds one in such a script; undefined when there is none. */
export function figureInHtml(html: string): Figure | undefined {
  const json = FIGURE_SCRIPT.exec(html)?.[1];
  if (json === undefined) return undefined;
  try {
    const figure = JSON.parse(json) as Figure;
    return Array.isArray(figure.data) ? figure : undefined;
  } catch {
    return undefined;
  }
}
