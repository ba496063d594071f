import { isIctalError } from "../base/errors.js";
import { entrySource } from "../corpus/entry-source.js";
import { type RecordingLabels, readLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import { vouchedDigests } from "../recording/checked-source.js";
import type { ExpectedDigest, Store } from "../store/store.js";
import type { JobPorts } from "./build-recording.js";
import { asLeaveOut, LeaveOut } from "./leave-out.js";

/** A fault while reading from the store, as LeaveOut: it concerns one recording and never the cache's disk. */
function sourceFault(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (isIctalError(error)) return asLeaveOut(error, "source-unreadable");
  if ((error as NodeJS.ErrnoException).code === undefined) return error;
  return new LeaveOut("source-unreadable", (error as Error).message, { cause: error });
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

/** What the store vouches for of a recording's bytes; faults as of reading them. */
export async function expectedDigests(
  store: Store,
  { edfKey, edfEtag }: RecordingEntry,
  signal: AbortSignal,
): Promise<readonly ExpectedDigest[]> {
  try {
    return await vouchedDigests(store, edfKey, { ifMatch: edfEtag, signal });
  } catch (error) {
    throw sourceFault(error, signal);
  }
}

/** Bytes and labels of one recording from a store. Faults are LeaveOut: "source-missing", "source-unreadable". */
export function jobPorts(store: Store, entry: RecordingEntry, signal: AbortSignal): JobPorts {
  const source = entrySource(store, entry, signal);
  const orFault = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      throw sourceFault(error, signal);
    }
  };
  return {
    source: {
      ...source,
      read: (start, end) => orFault(source.read(start, end)),
      readInto: (out, start) => orFault(source.readInto!(out, start)), // sources of entries have it
    },
    readLabels: (durationSeconds) => labelsOf(store, entry, durationSeconds, signal),
    signal,
  };
}
