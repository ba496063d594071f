/** Which recordings of a corpus have the channels of a chain, by their headers alone: told before hours of work. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { isIctalError } from "@ictal/base/errors";
import { mapConcurrent } from "../base/concurrent.js";
import { entrySource } from "../corpus/entry-source.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import { readEdfHeader } from "../recording/edf-header.js";
import { type ChainOptions, createChain } from "../signal/chain.js";
import type { Store } from "../store/store.js";
import { chooseSignals } from "./choose-signals.js";
import { describeCache } from "./describe.js";
import { asExclusion, ExclusionError } from "./exclusion.js";
import type { SampleType } from "./format.js";
import { sidecarFile } from "./paths.js";

export interface SurveyOptions {
  readonly store: Store;
  readonly recordings: readonly RecordingEntry[];
  readonly chain: ChainOptions;
  readonly sampleType: SampleType;
  /** The cache folder; recordings that lie there are not read again. */
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** A recording without the channels, and why. */
export interface LackingRecording {
  readonly id: string;
  readonly reason: string;
}

/** The recordings that lack channels, of those that are looked at. */
export interface ChannelSurvey {
  readonly recordings: number;
  readonly lacking: readonly LackingRecording[];
}

const HEADERS_AT_A_TIME = 16;

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function lackOf(entry: RecordingEntry, options: SurveyOptions): Promise<LackingRecording | undefined> {
  const { store, chain, signal } = options;
  try {
    const header = await readEdfHeader(entrySource(store, entry, signal), { signal });
    if (header.recordsFound === 0) return undefined;
    const { electrodes, missing, sampleRateHz } = chooseSignals(header, chain);
    if (missing.length > 0) createChain(chain, { electrodes, sampleRateHz });
  } catch (error) {
    const fault = isIctalError(error, "UnsupportedError") ? asExclusion(error, "missing-electrodes") : error;
    if (fault instanceof ExclusionError)
      return fault.code === "missing-electrodes" ? { id: entry.id, reason: fault.reason } : undefined;
    if (!isIctalError(error, "FormatError", "StoreError", "NotFoundError")) throw error;
  }
  return undefined; // what cannot be read is told by the build
}

/** Look at the headers of the recordings that are not yet in the cache. Errors of single files are left to the build. */
export async function surveyChannels(options: SurveyOptions): Promise<ChannelSurvey> {
  const { recordings, chain, sampleType, cacheDir, signal } = options;
  const folder = join(cacheDir, describeCache(chain, sampleType).key);
  const look = async (entry: RecordingEntry) =>
    (await isThere(join(folder, sidecarFile(entry.id)))) ? undefined : lackOf(entry, options);
  const found = await mapConcurrent(recordings, HEADERS_AT_A_TIME, look, signal);
  return { recordings: recordings.length, lacking: found.flatMap((each) => each ?? []) };
}

const LISTED = 5;

/** How many recordings lack channels, which, and why, in one sentence; undefined where none does. */
export function surveyInWords({ recordings, lacking }: ChannelSurvey): string | undefined {
  const [first] = lacking;
  if (!first) return undefined;
  const ids = lacking.map(({ id }) => id);
  const shown = ids.slice(0, LISTED).join(", ") + (ids.length > LISTED ? `, … and ${ids.length - LISTED} more` : "");
  const reasons = new Set(lacking.map(({ reason }) => reason)).size;
  const why = reasons === 1 ? first.reason : `the first: ${first.reason}; ${reasons} reasons in all`;
  return `${ids.length} of ${recordings} recordings lack channels (${shown}): ${why}`;
}
