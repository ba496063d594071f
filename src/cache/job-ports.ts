import type { RecordingEntry } from "../corpus/catalogue.js";
import { type RecordingLabels, readLabels } from "../corpus/read-labels.js";
import { isIctalError } from "../base/errors.js";
import type { ByteSource } from "../recording/byte-source.js";
import type { Store } from "../store/store.js";
import { asLeaveOut, LeaveOut } from "./leave-out.js";

/** A fault while reading from the store, as LeaveOut: it concerns one recording and never the cache's disk. */
function sourceFault(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  if (isIctalError(error) || error instanceof LeaveOut) return asLeaveOut(error, "source-unreadable");
  if ((error as NodeJS.ErrnoException).code === undefined) return error;
  return new LeaveOut("source-unreadable", (error as Error).message, { cause: error });
}

/** The EDF file of a recording as bytes of the version that was listed. */
export function entrySource(store: Store, entry: RecordingEntry, signal?: AbortSignal): ByteSource {
  return {
    name: entry.edfKey,
    byteLength: entry.edfSize,
    async read(start, end) {
      try {
        return await store.read(entry.edfKey, { range: { start, end }, ifMatch: entry.edfEtag, signal });
      } catch (error) {
        throw sourceFault(error, signal);
      }
    },
  };
}

/** Labels of a recording; annotations that cannot be read leave it out as "bad-annotations". */
export async function entryLabels(
  store: Store,
  entry: RecordingEntry,
  durationSeconds: number,
  signal?: AbortSignal,
): Promise<RecordingLabels> {
  try {
    return await readLabels(store, entry, { durationSeconds });
  } catch (error) {
    if (isIctalError(error, "FormatError")) throw new LeaveOut("bad-annotations", error.message, { cause: error });
    throw sourceFault(error, signal);
  }
}
