import { deflateSync } from "node:zlib";
import { escapeHtml, scriptJson } from "@ictal/base/html";
import { encodeDeltas } from "../../base/delta-code.js";
import { ANNOTATION_LABELS } from "../../base/label-table.js";
import { captionText } from "../figure.js";
import { reviewScript } from "./bundle.js";
import { type PageData, PROBABILITY_STEPS } from "./page-data.js";
import type { ReviewRecording } from "./recording.js";
import { REVIEW_STYLE } from "./style.js";
import type { MarkLabel } from "./view/marks.js";

/** Other pages that a page leads to; addresses as the page sees them. */
export interface ReviewLinks {
  readonly list?: string | undefined;
  readonly previous?: string | undefined;
  readonly next?: string | undefined;
}

/** Seizures that the vocabularies of both file formats know. */
const MARK_LABELS: readonly MarkLabel[] = ANNOTATION_LABELS.flatMap(({ label, class: kind, meaning, hedScore }) =>
  kind === "seizure" && hedScore !== undefined ? [{ label, meaning, hedScore }] : [],
);

const packed = (parts: readonly Uint8Array[]) => deflateSync(Buffer.concat(parts), { level: 9 }).toString("base64");

function packSamples({ samples, sampleCount, channels }: ReviewRecording["signals"]): string {
  return packed(channels.map((_, c) => encodeDeltas(samples.subarray(c * sampleCount, (c + 1) * sampleCount))));
}

function packProbability(probability: Float32Array): string {
  return packed([encodeDeltas(Int16Array.from(probability, (value) => Math.round(PROBABILITY_STEPS * value)))]);
}

function otherProbabilities({ others = [] }: ReviewRecording): string {
  const scripts = others.map(({ probability }, index) =>
    probability ? `<script type="text/plain" id="probability-${index}">${packProbability(probability)}</script>` : "",
  );
  return scripts.filter(Boolean).join("\n");
}

function dataOf({
  id,
  stem = id,
  signals,
  isLabelled,
  reference,
  detector,
  others = [],
  filters,
}: ReviewRecording): PageData {
  const { samples: _, ...facts } = signals;
  const data = {
    ...{ id, stem, labels: MARK_LABELS, signals: facts, isLabelled, reference },
    others: others.map(({ probability, ...other }) => ({
      ...other,
      ...(probability && { valueCount: probability.length }),
    })),
    ...(filters && { filters }),
  };
  if (!detector) return data;
  const { probability, ...rest } = detector;
  return { ...data, detector: { ...rest, valueCount: probability.length } };
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function factsOf({ isLabelled, reference, detector }: ReviewRecording): string {
  const labels = isLabelled ? counted(reference.length, "seizure") : "not labelled";
  if (!detector) return `${labels}, no predictions`;
  const { hypothesis, misses, falseAlarms } = detector;
  const wrong = isLabelled
    ? `: ${misses.length} missed, ${counted(falseAlarms.length, "false alarm")} (any overlap)`
    : "";
  return `${labels}, ${counted(hypothesis.length, "detection")}${wrong}`;
}

/** What the reader sees of what was recorded. */
function shownText({ signals }: ReviewRecording): string {
  const { sampleRateHz, recordedRateHz, stepMicrovolts, excluded, gaps } = signals;
  const rate =
    sampleRateHz === recordedRateHz ? `${sampleRateHz} Hz as recorded` : `${sampleRateHz} Hz of ${recordedRateHz} Hz`;
  const lost = excluded.length > 0 ? `; not shown: ${excluded.join(", ")}` : "";
  const holes = gaps.length > 0 ? `; ${counted(gaps.length, "gap")} in the recording` : "";
  return `shown at ${rate} in steps of ${stepMicrovolts} µV, offset of the first second taken off; negative up${lost}${holes}`;
}

const button = (action: string, text: string, isOff = false) =>
  `<button type="button" data-action="${action}"${isOff ? " disabled" : ""}>${text}</button>`;

function jumpButtons(label: string, name: string, count: number): string {
  const off = count === 0;
  return `<span>${button(`previous${name}`, "◀", off)}<span>${label} ${count}</span>${button(`next${name}`, "▶", off)}</span>`;
}

function toolbar({ reference, detector }: ReviewRecording): string {
  const select = (id: string, text: string) => `<label>${text} <select id="${id}"></select></label>`;
  const starts = new Set([...reference, ...(detector?.hypothesis ?? [])].map(({ startSeconds }) => startSeconds));
  return `<nav aria-label="view">
<span>${button("home", "|◀")}${button("previousPage", "◀◀")}${button("back", "◀")}${button("forward", "▶")}${button("nextPage", "▶▶")}${button("end", "▶|")}</span>
${select("page", "page")}<span>${select("sensitivity", "height")}${button("smaller", "−")}${button("larger", "+")}</span>
${select("montage", "montage")}${select("highPass", "high-pass")}${select("lowPass", "low-pass")}${select("notch", "notch")}
${jumpButtons("events", "Event", starts.size)}${jumpButtons("▼ missed", "Miss", detector?.misses.length ?? 0)}${jumpButtons("✕ false alarms", "Alarm", detector?.falseAlarms.length ?? 0)}
<label>go to <input id="go-to" size="8" placeholder="1:02:03" title="time as seconds, M:SS or H:MM:SS (g)"></label>
<details><summary id="event-count">list</summary><div><table><tbody id="event-rows"></tbody></table></div></details>
${MARKS}
<button type="button" id="print-button" title="print the page in view">print</button>
<button type="button" id="help-button" aria-label="help">?</button></nav>`;
}

const MARKS = `<details id="marks"><summary id="mark-count">marks</summary><div>
<p><button type="button" id="mark-add">mark the selection</button> <button type="button" id="take-reference">take the reference</button> <button type="button" id="take-detections">take the detections</button></p>
<table><tbody id="mark-rows"></tbody></table>
<p>save as <button type="button" id="save-csv">csv_bi</button> <button type="button" id="save-tsv">tsv</button> <button type="button" id="save-json">JSON</button> <label>load <input type="file" id="marks-load" accept=".json,.csv_bi,.csv,.tsv"></label></p>
<p class="faint">Drag over the EEG to select and measure; the browser keeps marks until you delete them. <code>ictal annotations collect</code> makes a folder of annotations from saved JSON files.</p></div></details>`;

const HELP = `<dialog id="help" aria-label="help"><h2 tabindex="-1" autofocus>Keys</h2><table><tbody id="keys"></tbody></table>
<p><kbd>?</kbd> opens and closes this. The wheel moves a tenth of a page. A click on the lowest strip goes there. A drag over the EEG measures time, frequency and amplitude on the trace where it begins, and selects; <kbd>Esc</kbd> ends it.</p>
<p>Filters are the viewer's (second-order Butterworth, forward; notch of quality 15), not the model's. A miss is a seizure that no detection overlaps, a false alarm a detection that overlaps no seizure (NEDC's OVLP).</p>
<p>Millimetres are right when this rule is as long on your screen as you say:</p><div id="rule"></div>
<label>this is <input id="ruler" type="number" min="20" max="400" value="100" step="1"> mm long</label>
<p><button type="button" id="help-close">close</button></p></dialog>`;

function headerHtml(recording: ReviewRecording, { list, previous, next }: ReviewLinks): string {
  const link = (href: string | undefined, text: string) => (href ? `<a href="${escapeHtml(href)}">${text}</a>` : "");
  const key = (colour: string, text: string, hatched = "") =>
    `<span><span class="key ${hatched}" style="background-color:var(--${colour})"></span>${text}</span>`;
  return `<header><h1>${escapeHtml(recording.id)}</h1><span>${escapeHtml(factsOf(recording))}</span>
<span id="where" class="faint"></span><span class="wide faint">${key("reference", "reference")} ${key("hypothesis", "detected", "hatched")} ${key("left", "left")} ${key("right", "right")} ${key("midline", "midline")}</span>
<span>${[link(list, "all recordings"), link(previous, "previous"), link(next, "next")].filter(Boolean).join(" · ")}</span></header>`;
}

/**
 * A page to review one recording, as HTML that needs nothing else and no network: EEG, reference, detections, probability.
 * Page length, height, montage and filters are the reader's, and begin with those of the recording; keys are listed by "?". It opens at `#t=SECONDS`.
 */
export async function reviewPage(
  recording: ReviewRecording,
  links: ReviewLinks = {},
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  signal?.throwIfAborted();
  const provenance = captionText(recording.caption ?? {});
  const script = await reviewScript();
  signal?.throwIfAborted();
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(recording.id)}</title><link rel="icon" href="data:,"><style>${REVIEW_STYLE}</style></head><body>
${headerHtml(recording, links)}
${toolbar(recording)}
<div id="frame"><canvas id="eeg" role="img" aria-label="a page of EEG"></canvas><canvas id="over" aria-hidden="true"></canvas></div>
<canvas id="strip" role="img" aria-label="probability of seizure over the page"></canvas>
<canvas id="overview" role="img" aria-label="the whole recording"></canvas>
<footer><span id="shown-as"></span><span id="said" role="status"></span><span>${escapeHtml(shownText(recording))}</span><span>${escapeHtml(provenance)}</span></footer>
${HELP}
<script type="application/json" id="recording">${scriptJson(dataOf(recording))}</script>
<script type="text/plain" id="samples">${packSamples(recording.signals)}</script>
<script type="text/plain" id="probability">${recording.detector ? packProbability(recording.detector.probability) : ""}</script>
${otherProbabilities(recording)}
<script>${script.replace(/<\/script/gi, "<\\/script")}</script>
</body></html>
`;
}
