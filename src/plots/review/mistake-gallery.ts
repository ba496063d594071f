/** Missed seizures and false alarms side by side, each as a small page of EEG. */
import type { Interval } from "../../base/events.js";
import type { EegPanel } from "../../recording/eeg-panel.js";
import { eegPage } from "../eeg-page.js";
import { type Caption, type Figure, makeFigure } from "../figure.js";
import type { DetectorTrack, ReviewRecording } from "./recording.js";
import { deriveTraces } from "./view/derive.js";
import { usableMontages, viewMontage } from "./view/montages.js";

/** What a detector got wrong. */
export type Mistake = "miss" | "false alarm";

/** The beginning of one mistake. */
export interface MistakePanel extends EegPanel {
  readonly mistake: Mistake;
  /** Length of the missed seizure or of the false alarm. */
  readonly seconds: number;
}

const PAGE_SECONDS = 12;
const LEAD_SECONDS = 3;
const FILTERS = { highPassHz: 1, lowPassHz: 40, notchHz: null };

function highestProbability({ probability, rateHz }: DetectorTrack, { startSeconds, endSeconds }: Interval): number {
  const inside = probability.subarray(Math.floor(startSeconds * rateHz), Math.ceil(endSeconds * rateHz));
  return inside.reduce((most, value) => Math.max(most, value), 0);
}

/**
 * Twelve seconds around the beginning of each missed seizure and false alarm of a recording: the first montage that its electrodes
 * allow, 1 to 40 Hz, microvolts. Small copies, so that the recording itself need not be kept.
 */
export function mistakePanels(recording: ReviewRecording): MistakePanel[] {
  const { detector, signals, id, reference } = recording;
  const [montage] = usableMontages(signals.channels);
  if (!detector || montage === undefined) return [];
  const view = viewMontage(montage, signals.channels);
  const derivations = view.derivations.flatMap(({ name, side }, row) => (side === "heart" ? [] : [{ name, row }]));
  const panelOf = (event: Interval, mistake: Mistake): MistakePanel => {
    const seconds = event.endSeconds - event.startSeconds;
    const latest = Math.max(0, signals.durationSeconds - PAGE_SECONDS);
    const start = Math.max(0, Math.min(event.startSeconds - LEAD_SECONDS, latest));
    const from = Math.round(start * signals.sampleRateHz);
    const to = from + Math.round(Math.min(PAGE_SECONDS, signals.durationSeconds) * signals.sampleRateHz);
    const traces = deriveTraces(signals, view, FILTERS, from, to);
    const samples = new Float32Array(derivations.length * (to - from)); // NaN of gaps becomes 0
    for (const [i, { row }] of derivations.entries())
      samples.set(
        traces[row]!.map((value) => (Number.isNaN(value) ? 0 : value)),
        i * (to - from),
      );
    const type = reference.find((each) => each.startSeconds < event.endSeconds && event.startSeconds < each.endSeconds);
    const what = mistake === "miss" ? `missed ${type?.label ?? "seizure"}` : "false alarm";
    const highest = highestProbability(detector, event).toFixed(2);
    return {
      ...{ mistake, seconds, samples, seizures: [event] },
      title: `${shortName(id)}, ${event.startSeconds.toFixed(0)} s: ${what}, ${seconds.toFixed(0)} s, p up to ${highest}`,
      channels: derivations.map(({ name }) => name),
      sampleRateHz: signals.sampleRateHz,
      startSeconds: from / signals.sampleRateHz,
    };
  };
  return [
    ...detector.misses.map((event) => panelOf(event, "miss")),
    ...detector.falseAlarms.map((event) => panelOf(event, "false alarm")),
  ];
}

/** The last part of an id names the recording well enough for a small title. */
const shortName = (id: string) => id.split("/").slice(-1)[0] ?? id;

export interface MistakeGalleryOptions {
  readonly caption?: Caption | undefined;
  /** Panels shown, the longest mistakes first. @default 6 */
  readonly count?: number | undefined;
  /** Microvolts between two channels. @default 100 */
  readonly spacingMicrovolts?: number | undefined;
}

const PLURALS: Readonly<Record<Mistake, string>> = { miss: "missed seizures", "false alarm": "false alarms" };

/** The longest misses, or false alarms, as small EEG pages in a grid; the mistake is shaded. */
export function mistakeGallery(
  panels: readonly MistakePanel[],
  mistake: Mistake,
  options: MistakeGalleryOptions = {},
): Figure {
  const { caption, count = 6, spacingMicrovolts = 100 } = options;
  const own = panels.filter((panel) => panel.mistake === mistake).sort((a, b) => b.seconds - a.seconds);
  const [longest] = own;
  if (!longest) return makeFigure(`There are no ${PLURALS[mistake]}`, [], { height: 120, ...EMPTY_AXES }, caption);
  const number =
    own.length === 1 ? `1 ${mistake === "miss" ? "missed seizure" : mistake}` : `${own.length} ${PLURALS[mistake]}`;
  const shown = own.length > count ? `, ${count} shown` : "";
  return eegPage(`${number}, the longest ${longest.seconds.toFixed(0)} s${shown}`, own.slice(0, count), {
    ...{ caption, spacing: spacingMicrovolts, unit: "µV", pointsPerChannel: 300 },
  });
}

const EMPTY_AXES = { xaxis: { visible: false }, yaxis: { visible: false }, showlegend: false };
