import { mapConcurrent } from "../base/concurrent.js";
import { createDigest } from "../store/digest.js";
import { checkedBody, openObject } from "../store/open-object.js";
import type { Store } from "../store/store.js";
import type { RecordingEntry } from "./recording-entry.js";

/** What identifies a recording's bytes; an entry of a catalogue has it. */
export type RecordingFile = Pick<RecordingEntry, "id" | "edfKey" | "edfSize" | "edfEtag">;

export interface DuplicateOptions {
  /** Recordings read at a time. @default 8 */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const HEAD_BYTES = 16_384; // the header of 63 signals
/** Patient, recording and start are before this byte: a copy under another name differs only there. */
const NAMED_BYTES = 184;
/** ETags that are the MD5 of the whole object. */
const MD5_ETAG = /^[0-9a-f]{32}$/;
/** ETags that come from content: the MD5 of the whole, or of parts. A folder's tags are modification times. */
const CONTENT_ETAG = /^[0-9a-f]{32}(-\d+)?$/;

/**
 * Groups of recordings with the same data, each in the order given. Equal ETags made from content are proof; else files
 * of one size are compared by their first 16 KiB, and only those that agree there are read completely, in bounded memory.
 * Patient, recording and start are not compared, so that copies with another name are found too.
 */
export async function findDuplicates<T extends RecordingFile>(
  store: Store,
  recordings: readonly T[],
  options: DuplicateOptions = {},
): Promise<T[][]> {
  const sizes = groupsOf(recordings, ({ edfSize }) => String(edfSize));
  const found: T[][] = [];
  for (const group of sizes) {
    if (group.every(({ edfEtag }) => MD5_ETAG.test(edfEtag ?? ""))) {
      found.push(...groupsOf(group, ({ edfEtag }) => edfEtag ?? ""));
      continue;
    }
    for (const alike of await groupsByHash(store, group, HEAD_BYTES, options)) {
      const hasEqualTags = alike.every(
        ({ edfEtag }) => edfEtag === alike[0]?.edfEtag && CONTENT_ETAG.test(edfEtag ?? ""),
      );
      found.push(...(hasEqualTags ? [alike] : await groupsByHash(store, alike, undefined, options)));
    }
  }
  const indices = new Map(recordings.map((recording, i) => [recording, i]));
  const indexOf = ([first]: readonly T[]) => (first && indices.get(first)) ?? 0;
  return found.sort((a, b) => indexOf(a) - indexOf(b));
}

/** Groups of more than one item with the same key. */
function groupsOf<T>(items: readonly T[], keyOf: (item: T, index: number) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item, index);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

/** Groups by SHA-256 of the first `byteCount` bytes, or of all. */
async function groupsByHash<T extends RecordingFile>(
  store: Store,
  group: readonly T[],
  byteCount: number | undefined,
  { concurrency = 8, signal }: DuplicateOptions,
): Promise<T[][]> {
  const hashes = await mapConcurrent(
    group,
    concurrency,
    (item) => hashOfObject(store, item, byteCount, signal),
    signal,
  );
  return groupsOf(group, (_, index) => hashes[index] ?? "");
}

async function hashOfObject(
  store: Store,
  { edfKey, edfSize, edfEtag }: RecordingFile,
  byteCount: number | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const digest = createDigest("sha256");
  const stream = await openObject(store, edfKey, {
    ...(edfSize > NAMED_BYTES && { range: { start: NAMED_BYTES, end: Math.min(edfSize, byteCount ?? edfSize) } }),
    ...(edfEtag !== undefined && { ifMatch: edfEtag }),
    ...(signal && { signal }),
  });
  for await (const chunk of checkedBody(stream)) digest.update(chunk);
  return digest.hex();
}
