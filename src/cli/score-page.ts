/** Scores as one HTML page that needs nothing else: receipt, tables, figures, worst recordings. */
import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.js";
import { escapeHtml, scriptJson } from "../base/html.js";
import { projectCommit } from "../base/receipt.js";
import { FIGURE_MIME } from "../notebook/figure-html.js";
import { plotlyScripts } from "../notebook/report/plotly-script.js";
import type { Figure } from "../plots/figure.js";
import { detectedByGroup, latencyHistogram, patientForest } from "../plots/measures.js";
import { breakdown, type TypedPair } from "../scoring/breakdown.js";
import { onsetLatencies } from "../scoring/onset-latency.js";
import { scoreSzcore } from "../scoring/score.js";
import { type ScoreReport, scoreText } from "./score-text.js";

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
pre{overflow-x:auto}table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left}.figure{margin:1.5rem 0}`;
const WORST = 20;

function figureHtml({ data, layout, config }: Figure): string {
  const json = scriptJson({ data, layout, config });
  return `<div class="figure"><script type="${FIGURE_MIME}">${json}</script></div>`;
}

async function worstRows(pairs: readonly TypedPair[], folder: string): Promise<string> {
  const { perRecording } = scoreSzcore(pairs);
  const rows = pairs
    .map(({ id }) => ({ id, ...perRecording[id]!.event }))
    .map((row) => ({ ...row, missed: row.refTrue - row.tp }));
  const worst = rows.filter(({ missed, fp }) => missed + fp > 0).sort((a, b) => b.missed - a.missed || b.fp - a.fp);
  const cells = worst.slice(0, WORST).map(async ({ id, missed, fp }) => {
    const target = `review/${id.replace(/[\\/]/g, "--")}.html`;
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

/** Writes the page; recordings link to `review/<id with -- for />.html` beside it where that file exists. */
export async function writeScorePage(
  file: string,
  report: ScoreReport,
  pairs: readonly TypedPair[],
  inputs: object,
): Promise<void> {
  const { byType, byDuration, byPatient } = breakdown(pairs);
  const caption = { n: `${pairs.length} recordings`, commit: projectCommit() };
  const figures = [
    detectedByGroup(byType, "type", caption),
    detectedByGroup(byDuration, "length", caption),
    latencyHistogram(onsetLatencies(pairs).latencies, caption),
    patientForest(byPatient, caption),
  ].map(figureHtml);
  const receipt = Object.entries({ ...inputs, commit: caption.commit }).map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(String(value))}</td></tr>`,
  );
  const body = [
    `<h1>Scores</h1><table>${receipt.join("")}</table><pre>${escapeHtml(scoreText(report))}</pre>`,
    ...[
      ...figures,
      `<h2>Worst recordings (SzCORE events)</h2>${await worstRows(pairs, dirname(file))}`,
      await plotlyScripts(),
    ],
  ];
  const head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Scores</title><style>${STYLE}</style></head>`;
  await writeFileAtomic(file, `${head}<body>${body.join("\n")}</body></html>\n`);
}
