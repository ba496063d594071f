/** From a corpus and stored predictions to recordings for review. */
import { stat } from "node:fs/promises";
import { CacheError, isIctalError, NotFoundError } from "@ictal/base/errors";
import { explainReadError } from "@ictal/base/read-fault";
import { entrySource } from "../corpus/entry-source.js";
import { readLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import { readViewSignals } from "../dataset/view-signals.js";
import type { Caption } from "../plots/figure.js";
import type { BesideTrack, DetectorTrack, ReviewRecording } from "../plots/review/recording.js";
import { checkedSource, knownDigests } from "../recording/checked-source.js";
import { readEdfHeader } from "../recording/edf-header.js";
import type { LoadedAnnotations } from "../recording/recording-files.js";
import { resolveLabels } from "../recording/resolve-labels.js";
import { eventOutcomes } from "../scoring/event-outcomes.js";
import { cutEvents, detectEvents, type PostprocessOptions } from "../scoring/postprocess.js";
import type { Store } from "../store/store.js";
import { hasPrediction, readPrediction } from "../training/prediction-store.js";
import type { ScoreTree } from "./score-tree.js";

/** Folder of predictions and their required origin. */
export interface PredictionSource {
  readonly dir: string;
  readonly postprocess: PostprocessOptions;
  /** Key of the cache they were made on; any when undefined. */
  readonly cacheKey?: string;
  /** SHA-256 of the weights they were made with; undefined takes that of the first prediction. */
  readonly checkpointHash?: string;
}

/** A folder of annotations that is shown beside the corpus's own. */
export interface OtherReference {
  readonly name: string;
  readonly tree: ScoreTree;
}

/** What pages show beside EEG and labels. */
export interface ReviewSources {
  readonly predictions?: PredictionSource | undefined;
  /** Further detectors, each with a name. */
  readonly others?: readonly (PredictionSource & { readonly name: string })[];
  readonly references?: readonly OtherReference[];
}

type Stored = Awaited<ReturnType<typeof readPrediction>>;

/** Reads recordings one by one and sees to it that all predictions come from one cache, one checkpoint and one calibration or none. */
export interface ReviewReader {
  read(entry: RecordingEntry, signal?: AbortSignal): Promise<ReviewRecording>;
}

/** How far the end of a prediction may lie from that of its recording. */
const END_TOLERANCE_SECONDS = 2;

function checkPrediction(
  { sidecar, id, probability, rateHz }: Stored,
  source: PredictionSource,
  first: Stored,
  seconds: number,
): void {
  const { dir, cacheKey } = source;
  if (cacheKey !== undefined && sidecar.cacheKey !== cacheKey) {
    throw new CacheError(
      `${dir}: the prediction of ${id} comes from the cache ${sidecar.cacheKey}, the configuration's is ${cacheKey}; use the configuration it was made with, predict again, or add --allow-other-cache`,
      { found: sidecar.cacheKey, expected: cacheKey },
    );
  }
  const expected = source.checkpointHash ?? first.sidecar.checkpointHash;
  if (sidecar.checkpointHash !== expected) {
    const whose = source.checkpointHash ? "the checkpoint given" : `the prediction of ${first.id}`;
    throw new CacheError(
      `${dir}: the prediction of ${id} comes from the checkpoint ${sidecar.checkpointHash.slice(0, 12)}, ${whose} is ${expected.slice(0, 12)}; predict all recordings with one checkpoint`,
      { found: sidecar.checkpointHash, expected },
    );
  }
  const [calibration, usual] = [sidecar.calibrationHash, first.sidecar.calibrationHash];
  if (calibration !== usual) {
    const [found, wanted] = [calibration?.slice(0, 12) ?? "none", usual?.slice(0, 12) ?? "none"];
    throw new CacheError(
      `${dir}: the prediction of ${id} has the calibration ${found}, the prediction of ${first.id} ${wanted}; predict all recordings with one calibration, or without`,
      { found: calibration, expected: usual },
    );
  }
  const end = probability.length / rateHz;
  if (Math.abs(end - seconds) > END_TOLERANCE_SECONDS) {
    throw new CacheError(
      `${dir}: the prediction of ${id} ends at ${end.toFixed(1)} s, the recording at ${seconds.toFixed(1)} s; the corpus has changed, predict again`,
      { found: end, expected: seconds },
    );
  }
}

/** Throws for a missing folder: a mistyped name must not count as a detector without detections. */
export async function requireFolder(dir: string): Promise<void> {
  const create = `create it with: ictal predict --out ${dir}`;
  const found = await stat(dir).catch((error: unknown) => {
    throw explainReadError(error, dir, `no folder of predictions at ${dir}; ${create}`);
  });
  if (!found.isDirectory())
    throw new NotFoundError(`${dir} is a file, expected the folder of predictions that ictal predict wrote`, dir);
}

/** Throws a NotFoundError where none of the recordings has a prediction, before one of them is read. */
export async function requireSomePrediction(
  entries: readonly RecordingEntry[],
  { dir }: PredictionSource,
  split: string,
): Promise<void> {
  for (const { id } of entries) if (await hasPrediction(dir, id)) return;
  throw new NotFoundError(
    `none of the ${entries.length} recordings of ${split} has a prediction in ${dir}; create them with ictal predict --split ${split} --out ${dir}`,
    dir,
  );
}

/** Reads predictions of one folder; all must have one origin. */
function predictionReader(source: PredictionSource) {
  let first: Stored | undefined;
  return async (id: string, seconds: number): Promise<Stored | undefined> => {
    try {
      const found = await readPrediction(source.dir, id);
      first ??= found;
      checkPrediction(found, source, first, seconds);
      return found;
    } catch (error) {
      if (isIctalError(error, "NotFoundError")) return undefined;
      throw error;
    }
  };
}

/** The recording's path in the corpus without ending, as trees of annotations have it. */
const stemOf = ({ edfKey }: RecordingEntry) => edfKey.replace(/\.[^./]+$/, "");

/** The recording's annotations in another folder, at the same relative path. */
export function annotationsIn(tree: ScoreTree, entry: RecordingEntry): LoadedAnnotations | undefined {
  const stem = stemOf(entry);
  return tree.get(stem) ?? tree.get(stem.replace(/_eeg$/, ""));
}

function referenceTrack({ name, tree }: OtherReference, entry: RecordingEntry, seconds: number): BesideTrack {
  const read = annotationsIn(tree, entry);
  const { status, seizures } = read
    ? resolveLabels({ ...read, recordingSeconds: seconds })
    : { status: "no file", seizures: [] };
  return { name: status === "labelled" ? name : `${name} (${status})`, kind: "reference", events: seizures };
}

/** A reader for the recordings of a store; without `predictions` pages show the EEG and its labels. */
export function createReviewReader(store: Store, caption: Caption, sources: ReviewSources = {}): ReviewReader {
  const { predictions, others = [], references = [] } = sources;
  const stored = predictions && predictionReader(predictions);
  const beside = others.map((source) => ({ source, read: predictionReader(source) }));
  return {
    async read(entry, signal) {
      const vouched = () => knownDigests(store, entry.edfKey, { ifMatch: entry.edfEtag, signal });
      const source = checkedSource(entrySource(store, entry, signal), vouched);
      const header = await readEdfHeader(source);
      const signals = await readViewSignals(source, header, { signal });
      const { durationSeconds } = signals;
      const { seizures, status } = await readLabels(store, entry, { durationSeconds, signal });
      const prediction = await stored?.(entry.id, durationSeconds);
      const isLabelled = status === "labelled";
      const detector =
        prediction &&
        predictions &&
        trackOf(prediction, predictions.postprocess, durationSeconds, isLabelled ? seizures : undefined);
      const tracks: BesideTrack[] = references.map((each) => referenceTrack(each, entry, durationSeconds));
      for (const { source: other, read } of beside) {
        const found = await read(entry.id, durationSeconds);
        if (!found) tracks.push({ name: `${other.name} (none)`, kind: "detector", events: [] });
        else {
          const { hypothesis, probability, rateHz } = trackOf(found, other.postprocess, durationSeconds, undefined);
          tracks.push({ name: other.name, kind: "detector", events: hypothesis, probability, rateHz });
        }
      }
      const from =
        prediction && `${prediction.sidecar.cacheKey}, checkpoint ${prediction.sidecar.checkpointHash.slice(0, 12)}`;
      return {
        ...{ id: entry.id, stem: stemOf(entry), signals, isLabelled, reference: seizures },
        ...(detector ? { detector } : {}),
        ...(tracks.length > 0 && { others: tracks }),
        caption: { ...caption, split: entry.split, ...(from !== undefined && { cacheKey: from }) },
      };
    },
  };
}

function trackOf(
  { id, probability, rateHz, segments }: Stored,
  postprocess: PostprocessOptions,
  durationSeconds: number,
  reference: ReviewRecording["reference"] | undefined,
): DetectorTrack {
  const hypothesis = cutEvents(detectEvents(probability, rateHz, postprocess, segments), durationSeconds);
  const { misses, falseAlarms } = reference
    ? eventOutcomes({ id, durationSeconds, reference, hypothesis })
    : { misses: [], falseAlarms: [] };
  const { onThreshold, offThreshold } = postprocess;
  return { probability, rateHz, onThreshold, offThreshold, hypothesis, misses, falseAlarms };
}
