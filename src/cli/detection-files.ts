/** Detections as csv_bi files that lie as the corpus's own annotations do, so that `ictal score` finds the pairs. */
import { basename } from "node:path";
import { writeFileAtomic } from "../base/atomic-file.js";
import { openCache } from "../cache/open.js";
import { writeCsvBi } from "../recording/annotation-write.js";
import { detectEvents, type PostprocessOptions } from "../scoring/postprocess.js";
import { pathOfKey } from "../store/local-path.js";
import type { RecordingPrediction } from "../training/predict.js";

export interface DetectionFiles {
  /**
   * Detects the events of one recording and writes them. The file keeps folders and name of the recording's own key in
   * the corpus. Returns that path relative to the folder, forward slashes.
   */
  write(prediction: RecordingPrediction): Promise<string>;
}

/** Files of detections under `outDir` for recordings of the cache with that key. */
export async function openDetectionFiles(
  outDir: string,
  cacheDir: string,
  key: string,
  postprocess: PostprocessOptions,
): Promise<DetectionFiles> {
  const cache = await openCache(cacheDir, { key });
  return {
    async write({ id, rateHz, probability }) {
      const { durationSeconds, source } = await cache.sidecar(id);
      const stem = source.key.replace(/\.[^./]+$/, "");
      const events = detectEvents(probability, rateHz, postprocess).flatMap((event) => {
        const endSeconds = Math.min(event.endSeconds, durationSeconds); // the last value may reach beyond the recording
        return endSeconds > event.startSeconds ? [{ ...event, endSeconds }] : [];
      });
      const key = `${stem}.csv_bi`;
      await writeFileAtomic(
        pathOfKey(outDir, key),
        writeCsvBi({ events, durationSeconds, recordingName: basename(stem) }),
      );
      return key;
    },
  };
}

/** The innermost folder that holds all of `paths` (forward slashes); "" for the root. */
export function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split("/").slice(0, -1));
  const end = first.findIndex((segment, i) => others.some((other) => other[i] !== segment));
  return (end === -1 ? first : first.slice(0, end)).join("/");
}
