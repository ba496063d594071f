import { setMaxListeners } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isIctalError, NotFoundError } from "@ictal/base/errors";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { mapConcurrent } from "../base/concurrent.js";
import { explainDisk } from "./disk-errors.js";
import { MIRROR_FOLDER } from "./local-path.js";
import { type Mirror, openMirror } from "./mirror.js";
import { goneEntries, removeEntries } from "./mirror-gone.js";
import {
  type Refused,
  refuseUnsafe,
  type Selection,
  selectObjects,
  unmatchedNames,
  wayChecker,
} from "./pull-selection.js";
import { HOPELESS_CODES } from "./s3-errors.js";
import type { ObjectInfo, Store } from "./store.js";

export interface PullOptions extends Selection {
  /** Only keys that start with it; they keep it in the folder. @default "" */
  readonly prefix?: string;
  /** Objects at a time, 1 to 128. @default 16 */
  readonly concurrency?: number;
  /** @default silent */
  readonly progress?: Progress;
  /** Stops between chunks; what is there is taken up by the next pull. */
  readonly signal?: AbortSignal;
  /** Refuse to start when the disk has less room than is to come. @default true */
  readonly checkSpace?: boolean;
  /** Whether the disk takes "A" and "a" for one name. @default tried out */
  readonly caseBlind?: boolean;
  /**
   * When all went well, delete files that came from this store and that it no longer has, within prefix and selection;
   * not together with `limit` or `keys`. @default false
   */
  readonly deleteGone?: boolean;
}

export interface PullReport {
  /** Objects that the selection took, refused ones included. */
  readonly objects: number;
  readonly downloaded: number;
  /** Objects that were there already. */
  readonly skipped: number;
  /** Bytes downloaded, those of earlier tries that were taken up included. */
  readonly bytes: number;
  readonly refused: readonly Refused[];
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
  /** Splits and patients asked for that no key has. */
  readonly unmatched: readonly string[];
  /** Objects here that came from this store and are no longer in it; unknown, so empty, with `limit` or `keys`. */
  readonly gone: readonly string[];
  /** Those of them that were deleted. */
  readonly deleted: readonly string[];
  /** Those that were to be deleted and were changed here. */
  readonly kept: readonly Refused[];
  readonly seconds: number;
}

const CHECKS_AT_A_TIME = 64;
const MOST_AT_A_TIME = 128;
const HOPELESS_HERE = new Set([...HOPELESS_CODES, "DiskFull", "NotWritable"]);

/**
 * Copies objects of a store into a folder, each under its key. What is there in the right version is skipped; broken
 * downloads are taken up; nothing is deleted unless `deleteGone` asks for it. Keys that cannot be files below the folder are refused and listed.
 * Rejects with NotFoundError when the selection takes nothing, and with the StoreError that makes going on useless
 * (credentials, endpoint, full disk); other failures are listed per object.
 */
export async function pull(store: Store, dir: string, options: PullOptions = {}): Promise<PullReport> {
  const started = performance.now();
  const { concurrency = 16, progress = silentProgress, signal, limit } = options;
  if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= MOST_AT_A_TIME)) {
    throw new RangeError(`invalid concurrency: ${concurrency}; expected a whole number from 1 to ${MOST_AT_A_TIME}`);
  }
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1)) {
    throw new RangeError(`invalid limit: ${limit}; expected a whole number from 1`);
  }
  const isPartial = limit !== undefined || options.keys !== undefined;
  if (options.deleteGone && isPartial) {
    throw new RangeError(
      "invalid deleteGone: with limit or keys nothing tells what is gone from what was not asked for",
    );
  }
  const listed = await listAll(store, options.prefix ?? "", progress, signal);
  const selected = selectObjects(listed, options);
  if (selected.length === 0) throw nothingSelected(store, options, listed);
  const mirror = await openMirror(dir, concurrency);
  try {
    const { safe, refused } = refuseUnsafe(selected, options.caseBlind ?? (await isCaseBlind(mirror.root)));
    const plan = await makePlan(mirror, safe, signal);
    if (options.checkSpace ?? true) await mirror.checkSpace(totalBytes(plan.missing));
    const done = await downloadAll(store, mirror, plan.missing, { concurrency, progress, ...(signal && { signal }) });
    const gone = isPartial ? [] : goneEntries(mirror, store, listed, options);
    const isToDelete = options.deleteGone === true && done.failed.length === 0;
    const removal = isToDelete ? await removeEntries(mirror, gone) : { deleted: [], kept: [] };
    return {
      objects: selected.length,
      gone: gone.map(({ key }) => key),
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
  const place = store.url + (prefix === "" ? "" : ` with prefix "${prefix}"`);
  if (listed.length === 0) return new NotFoundError(`no objects in ${place}; check the bucket and the prefix`, place);
  const asked = JSON.stringify({ splits, patients, only, limit });
  return new NotFoundError(
    `none of the ${listed.length} objects in ${place} is taken by ${asked}; splits and patients must be folders of the keys, such as "${listed[0]!.key}"`,
    place,
  );
}

/** Tries whether the disk finds a file by a name in another case. */
async function isCaseBlind(root: string): Promise<boolean> {
  const probe = await mkdtemp(join(root, MIRROR_FOLDER, "Case-")).catch((error: unknown) => {
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
  readonly refused: Refused[];
  readonly present: number;
}

async function makePlan(
  mirror: Mirror,
  objects: readonly ObjectInfo[],
  signal: AbortSignal | undefined,
): Promise<Plan> {
  const wayReason = wayChecker(mirror.root);
  const missing: (ObjectInfo | undefined)[] = new Array(objects.length);
  const refused: Refused[] = [];
  let present = 0;
  const check = async (info: ObjectInfo, i: number) => {
    const reason = await wayReason(info.key);
    if (reason !== undefined) refused.push({ key: info.key, reason });
    else if (await mirror.verified(info)) present += 1;
    else missing[i] = info;
  };
  await mapConcurrent(objects, CHECKS_AT_A_TIME, check, signal);
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
  let hopeless: unknown;
  await mapConcurrent(missing, concurrency, async (info) => {
    if (either.aborted) return;
    try {
      const { size } = await mirror.download(store, info, { signal: either, onBytes });
      bytes += size; // after the await: a compound assignment across it would lose the other lanes' counts
      downloaded += 1;
    } catch (error) {
      if (either.aborted) return;
      if (!isIctalError(error) || HOPELESS_HERE.has(codeOf(error))) {
        hopeless = error;
        stop.abort();
      } else failed.push({ key: info.key, reason: error.message });
    }
  });
  if (missing.length > 0) progress.finish(`${downloaded}/${missing.length} objects`); // its line ends before any message
  if (hopeless !== undefined) throw hopeless;
  signal?.throwIfAborted();
  return { downloaded, bytes, failed };
}

const codeOf = (error: unknown) => (isIctalError(error, "StoreError") ? (error.details.code ?? "") : "");
