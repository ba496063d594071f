import { isIctalError } from "@ictal/base/errors";
import { entrySource } from "../corpus/entry-source.js";
import { type RecordingLabels, readLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import type { ByteSource } from "../recording/byte-source.js";
import { knownDigests } from "../recording/checked-source.js";
import { changedError, type ExpectedDigest, type Store } from "../store/store.js";
import type { JobPorts } from "./build-recording.js";
import { asExclusion, ExclusionError } from "./exclusion.js";

/** An error of reading from the store, as ExclusionError: it concerns one recording and never the cache's disk. */
function sourceFault(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (isIctalError(error)) return asExclusion(error, "source-unreadable");
  if (!(error instanceof Error) || !("code" in error)) return error;
  return new ExclusionError("source-unreadable", error.message, { cause: error });
}

async function labelsOf(
  store: Store,
  entry: RecordingEntry,
  durationSeconds: number,
  signal: AbortSignal,
): Promise<RecordingLabels> {
  try {
    return await readLabels(store, entry, { durationSeconds, signal });
  } catch (error) {
    throw sourceFault(error, signal);
  }
}

/**
 * The digests that the ranges of a recording must have together; a read of the complete object is checked by the store.
 * Errors as of reading.
 */
export async function expectedDigests(
  store: Store,
  entry: RecordingEntry,
  signal: AbortSignal,
): Promise<readonly ExpectedDigest[]> {
  if (isReadWhole(store, entry)) return [];
  const { edfKey, edfEtag } = entry;
  try {
    return await knownDigests(store, edfKey, { ifMatch: edfEtag, signal });
  } catch (error) {
    throw sourceFault(error, signal);
  }
}

const isReadWhole = ({ wholeReadBytes = 0 }: Store, { edfSize }: RecordingEntry) => edfSize <= wholeReadBytes;

/** A recording's bytes by ranges; a short one's are read at once where each range is a request of its own. */
function sourceOf(store: Store, entry: RecordingEntry, signal: AbortSignal): ByteSource {
  const parts = entrySource(store, entry, signal);
  if (!isReadWhole(store, entry)) return parts;
  const { edfKey, edfEtag, edfSize } = entry;
  let reading: Promise<Uint8Array> | undefined;
  const object = () => {
    reading ??= readObject();
    return reading;
  };
  const readObject = async () => {
    try {
      const bytes = await store.read(edfKey, { signal, ...(edfEtag !== undefined && { ifMatch: edfEtag }) });
      if (bytes.length === edfSize) return bytes;
      throw changedError(edfKey, `${edfSize} bytes`, store.url, `${bytes.length} bytes`);
    } catch (error) {
      reading = undefined; // a second attempt asks again
      throw error;
    }
  };
  return {
    ...parts,
    read: async (start, end) => (await object()).subarray(start, end),
    async readInto(out, start) {
      const bytes = (await object()).subarray(start, start + out.byteLength);
      out.set(bytes);
      return bytes.byteLength;
    },
  };
}

/** `source` with its faults as ExclusionError: "source-missing", "source-unreadable". */
function withFaults(source: ByteSource, signal: AbortSignal): ByteSource {
  const orFault = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      throw sourceFault(error, signal);
    }
  };
  return {
    ...source,
    read: (start, end) => orFault(source.read(start, end)),
    readInto: (out, start) => orFault(source.readInto!(out, start)), // sources of entries have it
  };
}

/** A few bytes of one recording, each read a request of its own. Faults as `jobPorts`'. */
export function rangesOf(store: Store, entry: RecordingEntry, signal: AbortSignal): ByteSource {
  return withFaults(entrySource(store, entry, signal), signal);
}

/** Bytes and labels of one recording from a store. Faults are ExclusionError: "source-missing", "source-unreadable". */
export function jobPorts(store: Store, entry: RecordingEntry, signal: AbortSignal): JobPorts {
  return {
    source: withFaults(sourceOf(store, entry, signal), signal),
    readLabels: (durationSeconds) => labelsOf(store, entry, durationSeconds, signal),
    signal,
  };
}
