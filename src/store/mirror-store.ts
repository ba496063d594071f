import { NotFoundError, StoreError } from "@ictal/base/errors";
import { onAbort } from "@ictal/base/on-abort";
import { folderStore } from "./folder-store.js";
import { type Mirror, openMirror } from "./mirror.js";
import type { MirrorEntry } from "./mirror-index.js";
import { openObject } from "./open-object.js";
import { pathChecker } from "./pull-selection.js";
import {
  bareEtag,
  changedError,
  checkRange,
  type DigestOptions,
  type ObjectInfo,
  type ReadOptions,
  type Store,
} from "./store.js";

/**
 * `store` read through a folder: an object that is whole there is read from disk, any other is first downloaded into
 * it whole. Listing and `stat` ask `store`; a read trusts the folder's index unless the version asked for, or seen in
 * a listing, is another one. Reads of one key at the same time download it once. Closes `store` with itself.
 */
export function withMirror(store: Store, dir: string): Store {
  const files = folderStore(dir, { followLinks: false });
  const seen = new Map<string, ObjectInfo>();
  const running = new Map<string, Promise<MirrorEntry>>();
  let opening: Promise<Mirror> | undefined;
  const openOnce = () => {
    opening ??= openMirror(dir);
    return opening;
  };

  const currentInfo = async (key: string, ifMatch: string | undefined): Promise<ObjectInfo> => {
    const mirror = await openOnce();
    const known = seen.get(key) ?? mirror.index.get(key);
    if (known && (ifMatch === undefined || known.etag === ifMatch)) return known;
    const found = await store.stat(key);
    if (!found) throw new NotFoundError(`no object "${key}" in ${store.url}`, key);
    if (ifMatch !== undefined && found.etag !== ifMatch) throw changedError(key, ifMatch, store.url, found.etag);
    seen.set(key, found);
    return found;
  };

  const fetchWhole = async (key: string, ifMatch: string | undefined): Promise<MirrorEntry> => {
    const mirror = await openOnce();
    const reason = await pathChecker(mirror.root)(key);
    if (reason)
      throw new StoreError(`key "${key}" cannot be mirrored in ${dir}: it ${reason}`, { key, code: "UnsafeKey" });
    const info = await currentInfo(key, ifMatch);
    const present = await mirror.verified(info);
    if (present) return present;
    const entry = await mirror.download(store, info);
    seen.set(key, { ...info, size: entry.size, ...(entry.etag !== undefined && { etag: entry.etag }) });
    return entry;
  };

  const ensure = (key: string, ifMatch: string | undefined): Promise<MirrorEntry> => {
    const name = `${key}\0${ifMatch ?? ""}`;
    const found = running.get(name);
    if (found) return found;
    const started = fetchWhole(key, ifMatch).finally(() => running.delete(name));
    running.set(name, started);
    return started;
  };

  const ready = async (key: string, options: ReadOptions | DigestOptions): Promise<MirrorEntry> => {
    const { ifMatch, signal } = options;
    signal?.throwIfAborted();
    if ("range" in options && options.range) checkRange(options.range);
    return untilAborted(ensure(key, ifMatch === undefined ? undefined : bareEtag(ifMatch)), signal);
  };

  return {
    url: store.url,
    async *list(prefix, options) {
      for await (const info of store.list(prefix, options)) {
        seen.set(info.key, info);
        yield info;
      }
    },
    async stat(key, options) {
      const found = await store.stat(key, options);
      if (found) seen.set(key, found);
      return found;
    },
    async digests(key, options = {}) {
      const { sha256 } = await ready(key, options);
      return [{ name: "sha256", hex: sha256 }];
    },
    async read(key, options = {}) {
      await ready(key, options);
      return files.read(key, localOptions(options));
    },
    async open(key, options = {}) {
      const { size, etag, sha256 } = await ready(key, options);
      const stream = await openObject(files, key, localOptions(options));
      const digests = options.range ? [] : [{ name: "sha256" as const, hex: sha256 }];
      return { ...stream, digests, info: { key, size, ...(etag !== undefined && { etag }) } };
    },
    async close() {
      await Promise.allSettled(running.values());
      await (await opening)?.close();
      await store.close?.();
    },
  };
}

/** The version is settled by the index, so the file's own tag does not matter. */
const localOptions = ({ range, signal }: ReadOptions) => ({ ...(range && { range }), ...(signal && { signal }) });

/** `promise`, or the signal's reason if that comes first; the work behind it goes on for its other readers. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((done, fail) => {
    const remove = onAbort(signal, () => fail(signal.reason));
    promise.then(done, fail).finally(remove);
  });
}
