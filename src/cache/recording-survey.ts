/** What headers and annotations alone say of the recordings of a corpus: told before hours of work. */
import { join } from "node:path";
import { isIctalError } from "@ictal/base/errors";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { mapConcurrent } from "../base/concurrent.js";
import { entrySource } from "../corpus/entry-source.js";
import { type RecordingLabels, readLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import { type EdfHeader, readEdfHeader } from "../recording/edf-header.js";
import { endpointsApart, spanSecondsOf } from "../recording/edf-timeline.js";
import { type ChainOptions, createChain } from "../signal/chain.js";
import type { Store } from "../store/store.js";
import { chooseSignals } from "./choose-signals.js";
import { describeCache } from "./describe.js";
import { asExclusion, ExclusionError } from "./exclusion.js";
import type { SampleType } from "./format.js";
import type { GapPolicy } from "./segments.js";
import { readSidecar, type Sidecar } from "./sidecar.js";

export interface SurveyOptions {
  readonly store: Store;
  readonly recordings: readonly RecordingEntry[];
  readonly chain: ChainOptions;
  readonly sampleType: SampleType;
  /** How long a recording with gaps lasts depends on it. @default "refuse" */
  readonly gaps?: GapPolicy | undefined;
  /** The cache folder; headers of recordings that lie there are not read again. */
  readonly cacheDir: string;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A recording without the channels, and why. */
export interface LackingRecording {
  readonly id: string;
  readonly reason: string;
}

/** What was found in the recordings that were looked at. */
export interface RecordingSurvey {
  readonly recordings: number;
  /** Those that lack channels. */
  readonly lacking: readonly LackingRecording[];
  /** Labels by id, of all that have the channels and can be read. */
  readonly labels: ReadonlyMap<string, RecordingLabels>;
  /** How many have neither: the build says what is wrong with them. */
  readonly unread: number;
}

type Found = { readonly lacking: LackingRecording } | { readonly labels: RecordingLabels } | undefined;

const RECORDINGS_AT_A_TIME = 16;

/** A survey of fewer seconds shows no progress. */
const QUIET_SECONDS = 2;

/** Throws an ExclusionError where the channels of the chain are not there. */
function requireChannels(header: EdfHeader, chain: ChainOptions): void {
  const { electrodes, missing, sampleRateHz } = chooseSignals(header, chain);
  if (missing.length > 0) createChain(chain, { electrodes, sampleRateHz });
}

/** The sidecar of a recording that is in the cache; undefined for one that the build will replace. */
function sidecarOf(folder: string, id: string): Promise<Sidecar | undefined> {
  return readSidecar(folder, id).catch((error: unknown) => {
    if (isIctalError(error, "CacheError")) return undefined;
    throw error;
  });
}

/** What keeps a recording out: without the channels it is lacking, anything else is left to the build. */
function faultOf(error: unknown, id: string): Found {
  const fault = isIctalError(error, "UnsupportedError") ? asExclusion(error, "missing-electrodes") : error;
  if (fault instanceof ExclusionError)
    return fault.code === "missing-electrodes" ? { lacking: { id, reason: fault.reason } } : undefined;
  if (!isIctalError(error, "FormatError", "StoreError", "NotFoundError")) throw error;
  return undefined;
}

async function lookAt(folder: string, entry: RecordingEntry, options: SurveyOptions): Promise<Found> {
  const { store, chain, gaps, signal } = options;
  try {
    const known = await sidecarOf(folder, entry.id);
    if (known) return { labels: await readLabels(store, entry, { durationSeconds: known.durationSeconds, signal }) };
    const source = entrySource(store, entry, signal);
    const header = await readEdfHeader(source, { signal });
    if (header.recordsFound === 0) return undefined;
    requireChannels(header, chain);
    const durationSeconds =
      gaps === "split" ? spanSecondsOf(header, await endpointsApart(source, header)) : header.durationSeconds;
    return { labels: await readLabels(store, entry, { durationSeconds, signal }) };
  } catch (error) {
    return faultOf(error, entry.id);
  }
}

/** Look at the header of every recording that is not yet in the cache, and at the annotations of all. Errors of single files are left to the build. */
export async function surveyRecordings(options: SurveyOptions): Promise<RecordingSurvey> {
  const { recordings, chain, sampleType, cacheDir, progress = silentProgress, signal } = options;
  const folder = join(cacheDir, describeCache(chain, sampleType).key);
  const started = performance.now();
  let done = 0;
  const isLong = () => performance.now() - started > 1000 * QUIET_SECONDS;
  const look = async (entry: RecordingEntry) => {
    const found = await lookAt(folder, entry, options);
    done += 1;
    if (isLong()) progress.update({ label: "headers and labels", done, total: recordings.length, unit: "recordings" });
    return found;
  };
  const found = await mapConcurrent(recordings, RECORDINGS_AT_A_TIME, look, signal).finally(() => {
    if (isLong()) progress.finish();
  });
  const labels = found.flatMap((each) => (each && "labels" in each ? [each.labels] : []));
  return {
    recordings: recordings.length,
    lacking: found.flatMap((each) => (each && "lacking" in each ? [each.lacking] : [])),
    labels: new Map(labels.map((each) => [each.id, each])),
    unread: found.filter((each) => each === undefined).length,
  };
}

const LISTED = 5;

/** The first ids of a list, and how many more there are. */
export function someIds(ids: readonly string[]): string {
  return ids.slice(0, LISTED).join(", ") + (ids.length > LISTED ? `, … and ${ids.length - LISTED} more` : "");
}

/** How many recordings lack channels, which, and why, in one sentence; undefined where none does. */
export function lackingInWords({
  recordings,
  lacking,
}: Pick<RecordingSurvey, "recordings" | "lacking">): string | undefined {
  const [first] = lacking;
  if (!first) return undefined;
  const shown = someIds(lacking.map(({ id }) => id));
  const reasons = new Set(lacking.map(({ reason }) => reason)).size;
  const reason = first.reason.replace(/; exclude the recording$/, ""); // advice for one recording alone
  const why = reasons === 1 ? reason : `the first: ${reason}; ${reasons} reasons in all`;
  return `${lacking.length} of ${recordings} recordings lack channels (${shown}): ${why}`;
}
