import { escapeHtml } from "@ictal/base/html";
import type { Interval } from "../../base/events.js";
import { longestMissSeconds, worstFirst } from "../../base/worst-first.js";
import { type Caption, captionText } from "../figure.js";
import { LIST_SCRIPT, LIST_STYLE } from "./list-parts.js";
import type { ReviewRecording } from "./recording.js";
import { clock } from "./view/steps.js";

/** A recording in the list; small, so that those of a whole corpus fit in memory. */
export interface ReviewRow {
  readonly id: string;
  /** Address of its page, relative to the list. */
  readonly href: string;
  readonly durationSeconds: number;
  readonly isLabelled: boolean;
  readonly hasPrediction: boolean;
  readonly reference: readonly Interval[];
  readonly hypothesis: readonly Interval[];
  readonly misses: readonly Interval[];
  readonly falseAlarms: readonly Interval[];
  /** Highest probability in each of at most 160 equal intervals. */
  readonly outline: readonly number[];
}

/** A recording that has no page, and why. */
export interface LeftOutRow {
  readonly id: string;
  readonly reason: string;
}

const OUTLINE_POINTS = 160;

/** The row of a recording. */
export function reviewRow(recording: ReviewRecording, href: string): ReviewRow {
  const { id, signals, isLabelled, reference, detector } = recording;
  return {
    ...{ id, href, isLabelled, reference },
    durationSeconds: signals.durationSeconds,
    hasPrediction: detector !== undefined,
    hypothesis: detector?.hypothesis ?? [],
    misses: detector?.misses ?? [],
    falseAlarms: detector?.falseAlarms ?? [],
    outline: outlineOf(detector?.probability ?? new Float32Array(0)),
  };
}

function outlineOf(probability: Float32Array): number[] {
  const count = Math.min(OUTLINE_POINTS, probability.length);
  return Array.from({ length: count }, (_, k) => {
    const from = Math.floor((k * probability.length) / count);
    const part = probability.subarray(from, Math.max(from + 1, Math.floor(((k + 1) * probability.length) / count)));
    return part.reduce((top, value) => Math.max(top, value), 0);
  });
}

const lengthOf = ({ startSeconds, endSeconds }: Interval) => endSeconds - startSeconds;

const [WIDE, TALL] = [240, 26];

function outlineSvg({ durationSeconds, reference, hypothesis, outline }: ReviewRow): string {
  const x = (seconds: number) => Math.round((seconds / durationSeconds) * WIDE * 10) / 10;
  const bars = (events: readonly Interval[], y: number, kind: string) =>
    events
      .map(
        (event) =>
          `<rect class="${kind}" x="${x(event.startSeconds)}" y="${y}" width="${Math.max(1.5, x(lengthOf(event)))}" height="3"/>`,
      )
      .join("");
  const step = WIDE / Math.max(1, outline.length);
  const points = outline.map((value, k) => `${(k * step).toFixed(1)},${(TALL - 1 - value * 16).toFixed(1)}`).join(" ");
  const line = outline.length > 0 ? `<polyline points="${points}"/>` : "";
  return `<svg width="${WIDE}" height="${TALL}" viewBox="0 0 ${WIDE} ${TALL}" aria-hidden="true">${bars(reference, 0, "reference")}${bars(hypothesis, 4, "hypothesis")}${line}</svg>`;
}

function rowHtml(row: ReviewRow): string {
  const { id, href, durationSeconds, isLabelled, hasPrediction, reference, misses, falseAlarms } = row;
  const isScored = isLabelled && hasPrediction;
  const cell = (value: number, text = String(value)) => `<td data-value="${value}">${text}</td>`;
  const unknown = `<td data-value="-1" class="faint">n/a</td>`;
  const first = misses[0] ?? falseAlarms[0];
  const target = first ? `${href}#t=${first.startSeconds.toFixed(1)}` : href;
  const miss = longestMissSeconds(row);
  const alarms = (falseAlarms.length * 86_400) / durationSeconds;
  const state = !hasPrediction ? "no prediction" : isLabelled ? "" : "not labelled";
  return `<tr><th scope="row" data-value="${escapeHtml(id)}"><a href="${escapeHtml(encodeURI(target))}">${escapeHtml(id).replaceAll("/", "/<wbr>")}</a> <span class="faint">${state}</span></th>
${cell(durationSeconds, clock(durationSeconds))}${isLabelled ? cell(reference.length) : unknown}${isScored ? cell(misses.length) : unknown}${isScored ? cell(miss, miss > 0 ? `${miss.toFixed(1)} s` : "–") : unknown}${isScored ? cell(falseAlarms.length) : unknown}${isScored ? cell(alarms, alarms.toFixed(1)) : unknown}<td>${outlineSvg(row)}</td></tr>`;
}

const HEADS = ["recording", "length", "seizures", "missed", "longest miss", "false alarms", "per 24 h"];

/** The list of review pages as HTML that needs nothing else: worst first, sorted anew by a click on a heading. */
export function reviewList(
  rows: readonly ReviewRow[],
  options: { leftOut?: readonly LeftOutRow[]; caption?: Caption } = {},
): string {
  const { leftOut = [], caption = {} } = options;
  const sum = (key: "misses" | "falseAlarms" | "reference") => rows.reduce((all, row) => all + row[key].length, 0);
  const heads = HEADS.map(
    (text, i) =>
      `<th scope="col"${i === 4 ? ' aria-sort="descending"' : ""}><button type="button" data-column="${i}">${text}</button></th>`,
  );
  const missing = leftOut.map(({ id, reason }) => `<li>${escapeHtml(id)}: ${escapeHtml(reason)}</li>`).join("");
  const provenance = captionText(caption);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>EEG review</title>
<link rel="icon" href="data:,"><style>${LIST_STYLE}</style></head><body>
<h1>EEG review</h1><p>${rows.length} recordings, ${sum("reference")} seizures, ${sum("misses")} missed, ${sum("falseAlarms")} false alarms by the rule of any overlap (NEDC's OVLP). A name opens the first miss, else the first false alarm. <span class="faint">${escapeHtml(provenance)}</span></p>
<p class="faint"><span class="key reference"></span> reference <span class="key hypothesis"></span> detected <span class="key line"></span> probability</p>
<div class="scroll"><table><thead><tr>${heads.join("")}<th scope="col">over time</th></tr></thead><tbody>
${worstFirst(rows).map(rowHtml).join("\n")}
</tbody></table></div>
${missing ? `<h2>Without a page</h2><ul>${missing}</ul>` : ""}
<script>${LIST_SCRIPT}</script></body></html>
`;
}
