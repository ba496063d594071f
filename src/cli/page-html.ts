/** Parts of self-contained HTML pages. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { escapeHtml, scriptJson } from "@ictal/base/html";
import { FIGURE_MIME } from "@ictal/jupyter/figure-html";
import { plotlyScripts } from "@ictal/jupyter/report/plotly-script";
import type { Figure } from "../plots/figure.js";
import { type ScoredPair, scoreSzcore } from "../scoring/score.js";

const STYLE = `:root{color-scheme:light dark}body{background:Canvas;color:CanvasText;font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
pre{overflow-x:auto}table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}.figure{margin:1.5rem 0}`;
const WORST = 20;

/** A figure, drawn when it is scrolled into view. */
export function figureHtml({ data, layout, config }: Figure): string {
  const json = scriptJson({ data, layout, config });
  return `<div class="figure"><script type="${FIGURE_MIME}">${json}</script></div>`;
}

/** Names and values as a table. */
export function receiptHtml(fields: Readonly<Record<string, string | number | undefined>>): string {
  const rows = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(String(value))}</td></tr>`],
  );
  return `<table>${rows.join("")}</table>`;
}

/**
 * The recordings with most missed seizures, then most false alarms. A recording links to its page
 * `review/<id with -- for />.html` in `folder`, where that file exists; `pageId` gives the id that the page is named for.
 */
export async function worstHtml(
  pairs: readonly ScoredPair[],
  folder: string,
  pageId: (id: string) => string = (id) => id,
): Promise<string> {
  const { perRecording } = scoreSzcore(pairs);
  const rows = pairs.flatMap(({ id }) => {
    const event = perRecording[id]?.event;
    return event ? [{ id, missed: event.refTrue - event.tp, fp: event.fp }] : [];
  });
  const worst = rows.filter(({ missed, fp }) => missed + fp > 0).sort((a, b) => b.missed - a.missed || b.fp - a.fp);
  const cells = worst.slice(0, WORST).map(async ({ id, missed, fp }) => {
    const target = `review/${pageId(id).replace(/[\\/]/g, "--")}.html`;
    const exists = await access(join(folder, target)).then(
      () => true,
      () => false,
    );
    const name = exists ? `<a href="${encodeURI(target)}">${escapeHtml(id)}</a>` : escapeHtml(id);
    return `<tr><td>${name}</td><td>${missed}</td><td>${fp}</td></tr>`;
  });
  if (cells.length === 0) return "<p>No recording has a missed seizure or a false alarm.</p>";
  return `<table><tr><th>recording</th><th>missed</th><th>false alarms</th></tr>${(await Promise.all(cells)).join("")}</table>`;
}

/** A self-contained page with the library of its figures. */
export async function htmlPage(title: string, parts: readonly string[]): Promise<string> {
  const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>`;
  return `${head}<body>${[...parts, await plotlyScripts()].join("\n")}</body></html>\n`;
}
