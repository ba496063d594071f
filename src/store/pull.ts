import { setMaxListeners } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isIctalError, NotFoundError } from "@ictal/base/errors";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { mapConcurrent } from "../base/concurrent.js";
import { explainDisk } from "./disk-errors.js";
import { MIRROR_DIR } from "./local-path.js";
import { type Mirror, openMirror } from "./mirror.js";
import { entriesDeletedRemotely, removeEntries } from "./mirror-deletions.js";
import {
  pathChecker,
  type RejectedKey,
  rejectUnsafeKeys,
  type Selection,
  selectObjects,
  unmatchedNames,
} from "./pull-selection.js";
import { NON_RETRYABLE_CODES } from "./s3-errors.js";
import type { ObjectInfo, Store } from "./store.js";

export interface PullOptions extends Selection {
  /** Only keys that start with it; they keep it in the folder. @default "" */
  readonly prefix?: string | undefined;
  /** Concurrent downloads, 1 to 128. @default 16 */
  readonly concurrency?: number | undefined;
  /** @default silent */
  readonly progress?: Progress | undefined;
  /** Stops between chunks; the next pull resumes. */
  readonly signal?: AbortSignal | undefined;
  /** Fail at the start when the disk has less free space than the download needs. @default true */
  readonly checkSpace?: boolean | undefined;
  /** Whether the file system is case-insensitive. @default tested */
  readonly caseInsensitive?: boolean | undefined;
  /**
   * After a pull without failures, delete local files that were downloaded from this store and that it no longer has, within
   * prefix and selection; not together with `limit` or `keys`. @default false
   */
  readonly deleteRemoved?: boolean | undefined;
}

export interface PullReport {
  /** Selected objects, including those whose keys were refused. */
  readonly objects: number;
  readonly downloaded: number;
  /** Objects that were present already. */
  readonly skipped: number;
  /** Bytes downloaded, including those of resumed partial files. */
  readonly bytes: number;
  readonly refused: readonly RejectedKey[];
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
  /** Requested splits and patients that no key contains. */
  readonly unmatched: readonly string[];
  /** Local files downloaded from this store that it no longer has; unknown, so empty, with `limit` or `keys`. */
  readonly gone: readonly string[];
  /** Those of `gone` that were deleted. */
  readonly deleted: readonly string[];
  /** Those of `gone` that were not deleted, since they were changed locally. */
  readonly kept: readonly RejectedKey[];
  readonly seconds: number;
}

const CONCURRENT_CHECKS = 64;
const MAX_CONCURRENCY = 128;
const FATAL_CODES = new Set([...NON_RETRYABLE_CODES, "DiskFull", "NotWritable"]);

/** True when only a part of what is there is pulled. Throws a RangeError for options that cannot be, or not together. */
function checkPartial({ limit, keys, deleteRemoved }: PullOptions, concurrency: number): boolean {
  if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MAX_CONCURRENCY)) {
    throw new RangeError(`invalid concurrency: ${concurrency}; expected a whole number from 1 to ${MAX_CONCURRENCY}`);
  }
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw new RangeError(`invalid limit: ${limit}; expected a whole number from 1`);
  }
  const isPartial = limit !== undefined || keys !== undefined;
  if (deleteRemoved && isPartial) {
    throw new RangeError(
      "invalid deleteRemoved: with limit or keys, removed objects cannot be distinguished from objects that were not selected",
    );
  }
  return isPartial;
}

/**
 * Downloads objects of a store into a folder, each under its key. Present files of the right version are skipped; interrupted
 * downloads are resumed; nothing is deleted without `deleteRemoved`. Keys that cannot be files below the folder are refused and
 * listed. Rejects with NotFoundError when the selection is empty, and with a StoreError that concerns all objects (credentials,
 * endpoint, full disk); other failures are listed per object.
 */
export async function pullObjects(store: Store, dir: string, options: PullOptions = {}): Promise<PullReport> {
  const started = performance.now();
  const { concurrency = 16, progress = silentProgress, signal } = options;
  const isPartial = checkPartial(options, concurrency);
  const listed = await listAll(store, options.prefix ?? "", progress, signal);
  const selected = selectObjects(listed, options);
  if (selected.length === 0) throw nothingSelected(store, options, listed);
  const mirror = await openMirror(dir, concurrency, { signal });
  try {
    const { safe, refused } = rejectUnsafeKeys(
      selected,
      options.caseInsensitive ?? (await isCaseInsensitive(mirror.root)),
    );
    const plan = await makePlan(mirror, safe, signal);
    if (options.checkSpace ?? true) await mirror.checkSpace(totalBytes(plan.missing));
    const done = await downloadAll(store, mirror, plan.missing, { concurrency, progress, ...(signal && { signal }) });
    const removed = isPartial ? [] : entriesDeletedRemotely(mirror, store, listed, options);
    const isToDelete = options.deleteRemoved === true && done.failed.length === 0;
    const removal = isToDelete ? await removeEntries(mirror, removed) : { deleted: [], kept: [] };
    return {
      objects: selected.length,
      gone: removed.map(({ key }) => key),
      ...removal,
      skipped: plan.present,
      ...done,
      refused: [...refused, ...plan.refused],
      unmatched: unmatchedNames(listed, options),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await mirror.close();
  }
}

const totalBytes = (objects: readonly ObjectInfo[]) => objects.reduce((sum, { size }) => sum + size, 0);

async function listAll(store: Store, prefix: string, progress: Progress, signal: AbortSignal | undefined) {
  const listed: ObjectInfo[] = [];
  for await (const info of store.list(prefix, signal && { signal })) {
    listed.push(info);
    if (listed.length % 1000 === 0) progress.update({ label: "list", done: listed.length, unit: "objects" });
  }
  return listed;
}

function nothingSelected(
  store: Store,
  { prefix = "", splits, patients, only, limit }: PullOptions,
  listed: readonly ObjectInfo[],
) {
  const source = store.url + (prefix === "" ? "" : ` with prefix "${prefix}"`);
  const [first] = listed;
  if (!first) return new NotFoundError(`no objects in ${source}; check the bucket and the prefix`, source);
  const asked = JSON.stringify({ splits, patients, only, limit });
  return new NotFoundError(
    `none of the ${listed.length} objects in ${source} matches ${asked}; splits and patients must be folders in the keys, e.g. "${first.key}"`,
    source,
  );
}

/** Tries whether the disk finds a file by a name in another case. */
async function isCaseInsensitive(root: string): Promise<boolean> {
  const probe = await mkdtemp(join(root, MIRROR_DIR, "Case-")).catch((error: unknown) => {
    throw explainDisk(error, root);
  });
  try {
    const other = join(dirname(probe), basename(probe).toUpperCase());
    return await stat(other).then(
      () => basename(probe) !== basename(other),
      () => false,
    );
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

interface Plan {
  readonly missing: ObjectInfo[];
  readonly refused: RejectedKey[];
  readonly present: number;
}

async function makePlan(
  mirror: Mirror,
  objects: readonly ObjectInfo[],
  signal: AbortSignal | undefined,
): Promise<Plan> {
  const pathReason = pathChecker(mirror.root);
  const missing: (ObjectInfo | undefined)[] = new Array(objects.length);
  const refused: RejectedKey[] = [];
  let present = 0;
  const check = async (info: ObjectInfo, i: number) => {
    const reason = await pathReason(info.key);
    if (reason !== undefined) refused.push({ key: info.key, reason });
    else if (await mirror.verified(info)) present += 1;
    else missing[i] = info;
  };
  await mapConcurrent(objects, CONCURRENT_CHECKS, check, signal);
  return { missing: missing.filter((info): info is ObjectInfo => info !== undefined), refused, present };
}

async function downloadAll(
  store: Store,
  mirror: Mirror,
  missing: readonly ObjectInfo[],
  { concurrency, progress, signal }: { concurrency: number; progress: Progress; signal?: AbortSignal },
) {
  const total = totalBytes(missing) / 1e6;
  const failed: { key: string; reason: string }[] = [];
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  setMaxListeners(0, either);
  let downloaded = 0;
  let bytes = 0;
  let moved = 0;
  const onBytes = (count: number) => {
    moved += count;
    const note = `${downloaded}/${missing.length} objects${failed.length > 0 ? `, ${failed.length} failed` : ""}`;
    progress.update({ label: "pull", done: moved / 1e6, total, unit: "MB", note });
  };
  let fatal: unknown;
  await mapConcurrent(missing, concurrency, async (info) => {
    if (either.aborted) return;
    try {
      const { size } = await mirror.download(store, info, { signal: either, onBytes });
      bytes += size; // after the await: a compound assignment across it would lose the counts of concurrent downloads
      downloaded += 1;
    } catch (error) {
      if (either.aborted) return;
      if (!isIctalError(error) || FATAL_CODES.has(codeOf(error))) {
        fatal = error;
        stop.abort();
      } else failed.push({ key: info.key, reason: error.message });
    }
  });
  if (missing.length > 0) progress.finish(`${downloaded}/${missing.length} objects`); // its line ends before any message
  if (fatal !== undefined) throw fatal;
  signal?.throwIfAborted();
  return { downloaded, bytes, failed };
}

const codeOf = (error: unknown) => (isIctalError(error, "StoreError") ? (error.details.code ?? "") : "");
