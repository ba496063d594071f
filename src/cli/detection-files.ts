/** Detections as files with the relative paths of the corpus, so that `ictal score` finds the pairs. */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson } from "@ictal/base/canonical";
import { printable } from "@ictal/base/printable";
import type { Event } from "../base/events.js";
import { openCache } from "../cache/open.js";
import { recordingStem } from "../cache/paths.js";
import { writeCsvBi, writeHedScoreTsv } from "../recording/annotation-write.js";
import { cutEvents, detectEvents, type PostprocessOptions } from "../scoring/postprocess.js";
import { pathOfKey } from "../store/local-path.js";
import type { RecordingPrediction } from "../training/predict.js";

/** Formats of detections; json also holds the recording's id and the thresholds. */
export const EVENT_FORMATS = ["csv_bi", "tsv", "json"] as const;
/** One of them. */
export type EventFormat = (typeof EVENT_FORMATS)[number];

interface Detected {
  readonly id: string;
  readonly events: readonly Event[];
  readonly durationSeconds: number;
  readonly recordingName: string;
  readonly postprocess: PostprocessOptions;
}

const WRITERS: Readonly<Record<EventFormat, (found: Detected) => string>> = {
  csv_bi: writeCsvBi,
  tsv: writeHedScoreTsv,
  json: ({ id, events, durationSeconds, postprocess }) =>
    `${canonicalJson({ formatVersion: 1, id, durationSeconds, postprocess, events })}\n`,
};

export interface DetectionFiles {
  /**
   * Detects the events of one recording and writes a file per format. Files keep folders and name of the recording's own
   * key in the corpus. Returns the path of the first one relative to the folder, forward slashes.
   */
  write(prediction: RecordingPrediction): Promise<{ readonly file: string; readonly events: number }>;
}

/** The path of a recording's key in the corpus without its ending. */
const stemOf = (sourceKey: string) => sourceKey.replace(/\.[^./]+$/, "");

/** Removes the detections under `outDir` of recordings that are predicted anew, in every format. */
export async function removeDetections(
  outDir: string,
  cacheDir: string,
  key: string,
  ids: readonly string[],
): Promise<void> {
  const cache = await openCache(cacheDir, { key });
  for (const id of ids) {
    const stem = stemOf((await cache.sidecar(id)).source.key);
    for (const format of EVENT_FORMATS) {
      if (format === "json" && stem === recordingStem(id)) continue; // there lies the prediction itself
      await rm(pathOfKey(outDir, `${stem}.${format}`), { force: true });
    }
  }
}

/** Files of detections under `outDir` for recordings of the cache with that key. */
export async function openDetectionFiles(
  outDir: string,
  cacheDir: string,
  key: string,
  postprocess: PostprocessOptions,
  formats: readonly EventFormat[] = ["csv_bi"],
): Promise<DetectionFiles> {
  const cache = await openCache(cacheDir, { key });
  return {
    async write({ id, rateHz, probability, segments }) {
      const { durationSeconds, source } = await cache.sidecar(id);
      const stem = stemOf(source.key);
      const events = cutEvents(detectEvents(probability, rateHz, postprocess, segments), durationSeconds);
      const found = { id, events, durationSeconds, recordingName: printable(basename(stem)), postprocess };
      for (const format of formats)
        await writeFileAtomic(pathOfKey(outDir, `${stem}.${format}`), WRITERS[format](found));
      return { file: `${stem}.${formats[0] ?? "csv_bi"}`, events: events.length };
    },
  };
}

/** The innermost folder that holds all of `paths` (forward slashes); "" for the root. */
export function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split("/").slice(0, -1));
  const end = first.findIndex((segment, i) => others.some((other) => other[i] !== segment));
  return (end === -1 ? first : first.slice(0, end)).join("/");
}
