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
  type ExpectedDigest,
  type ListOptions,
  type ObjectInfo,
  type ObjectStream,
  type ReadOptions,
  type StatOptions,
  type Store,
} from "./store.js";

/**
 * `store` read through a local folder: an object that is complete there is read from disk, any other is first downloaded whole.
 * Listing and `stat` query `store`; a read trusts the index of the folder unless another version is requested or was seen in a
 * listing. Concurrent reads of one key download it once. Closing it also closes `store`.
 */
export function withMirror(store: Store, dir: string): Store {
  return new MirrorStore(store, dir);
}

class MirrorStore implements Store {
  readonly url: string;
  readonly #store: Store;
  readonly #dir: string;
  readonly #files: Store;
  readonly #seen = new Map<string, ObjectInfo>();
  readonly #running = new Map<string, Promise<MirrorEntry>>();
  #opening: Promise<Mirror> | undefined;

  constructor(store: Store, dir: string) {
    this.url = store.url;
    this.#store = store;
    this.#dir = dir;
    this.#files = folderStore(dir, { followLinks: false });
  }

  async *list(prefix?: string, options?: ListOptions): AsyncGenerator<ObjectInfo, void, undefined> {
    for await (const info of this.#store.list(prefix, options)) {
      this.#seen.set(info.key, info);
      yield info;
    }
  }

  async stat(key: string, options?: StatOptions): Promise<ObjectInfo | undefined> {
    const found = await this.#store.stat(key, options);
    if (found) this.#seen.set(key, found);
    return found;
  }

  async digests(key: string, options: DigestOptions = {}): Promise<readonly ExpectedDigest[]> {
    const { sha256 } = await this.#ready(key, options);
    return [{ name: "sha256", hex: sha256 }];
  }

  async read(key: string, options: ReadOptions = {}): Promise<Uint8Array> {
    await this.#ready(key, options);
    return this.#files.read(key, localOptions(options));
  }

  async open(key: string, options: ReadOptions = {}): Promise<ObjectStream> {
    const { size, etag, sha256 } = await this.#ready(key, options);
    const stream = await openObject(this.#files, key, localOptions(options));
    const digests = options.range ? [] : [{ name: "sha256" as const, hex: sha256 }];
    return { ...stream, digests, info: { key, size, ...(etag !== undefined && { etag }) } };
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#running.values());
    await (await this.#opening)?.close();
    await this.#store.close?.();
  }

  #mirror(): Promise<Mirror> {
    this.#opening ??= openMirror(this.#dir);
    return this.#opening;
  }

  /** The index entry of the object once it is complete in the folder. */
  async #ready(key: string, options: ReadOptions | DigestOptions): Promise<MirrorEntry> {
    const { ifMatch, signal } = options;
    signal?.throwIfAborted();
    if ("range" in options && options.range) checkRange(options.range);
    return untilAborted(this.#ensure(key, ifMatch === undefined ? undefined : bareEtag(ifMatch)), signal);
  }

  #ensure(key: string, ifMatch: string | undefined): Promise<MirrorEntry> {
    const name = `${key}\0${ifMatch ?? ""}`;
    const found = this.#running.get(name);
    if (found) return found;
    const started = this.#fetch(key, ifMatch).finally(() => this.#running.delete(name));
    this.#running.set(name, started);
    return started;
  }

  async #fetch(key: string, ifMatch: string | undefined): Promise<MirrorEntry> {
    const mirror = await this.#mirror();
    const reason = await pathChecker(mirror.root)(key);
    if (reason) {
      const message = `key "${key}" cannot be mirrored in ${this.#dir}: it ${reason}`;
      throw new StoreError(message, { key, code: "UnsafeKey" });
    }
    const info = await this.#currentInfo(mirror, key, ifMatch);
    const present = await mirror.verified(info);
    if (present) return present;
    const entry = await mirror.download(this.#store, info);
    this.#seen.set(key, { ...info, size: entry.size, ...(entry.etag !== undefined && { etag: entry.etag }) });
    return entry;
  }

  async #currentInfo(mirror: Mirror, key: string, ifMatch: string | undefined): Promise<ObjectInfo> {
    const known = this.#seen.get(key) ?? mirror.index.get(key);
    if (known && (ifMatch === undefined || known.etag === ifMatch)) return known;
    const { url } = this;
    const found = await this.#store.stat(key);
    if (!found) throw new NotFoundError(`no object "${key}" in ${url}`, key);
    if (ifMatch !== undefined && found.etag !== ifMatch) throw changedError(key, ifMatch, url, found.etag);
    this.#seen.set(key, found);
    return found;
  }
}

/** The index has checked the version, so the ETag of the local file does not matter. */
const localOptions = ({ range, signal }: ReadOptions) => ({ ...(range && { range }), ...(signal && { signal }) });

/** `promise`, or the signal's reason if that comes first; the download continues for its other readers. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((done, fail) => {
    const remove = onAbort(signal, () => fail(signal.reason));
    promise.then(done, fail).finally(remove);
  });
}
