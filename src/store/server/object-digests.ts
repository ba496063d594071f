import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { pathOfKey } from "../local-path.js";
import { openObject } from "../open-object.js";
import type { ObjectInfo, Store } from "../store.js";

/** Digests of one version of an object: `md5` in hexadecimal, `crc32` as the number. */
export interface ObjectDigests {
  readonly md5: string;
  readonly crc32: number;
}

const SMALL_BYTES = 1 << 16; // below this, opening a file in four turns of the event loop costs more than reading it at once

/**
 * Digests of a store's objects, computed once per version (key, size and the store's own tag) and kept in memory. `root`
 * is the folder behind the store, if there is one.
 */
export function digestCache(store: Store, root?: string): (info: ObjectInfo) => Promise<ObjectDigests> {
  const known = new Map<string, { version: string; digests: Promise<ObjectDigests> }>();
  return (info) => {
    const version = `${info.size} ${info.etag} ${info.modifiedMilliseconds}`;
    const found = known.get(info.key);
    if (found?.version === version) return found.digests;
    const digests = computeDigests(store, info, root);
    known.set(info.key, { version, digests });
    digests.catch(() => known.delete(info.key));
    return digests;
  };
}

async function computeDigests(store: Store, info: ObjectInfo, root: string | undefined): Promise<ObjectDigests> {
  if (root !== undefined && info.size <= SMALL_BYTES) {
    const bytes = readFileSync(pathOfKey(root, info.key));
    return { md5: createHash("md5").update(bytes).digest("hex"), crc32: crc32(bytes) };
  }
  const md5 = createHash("md5");
  let crc = 0;
  const { body } = await openObject(store, info.key, { ifMatch: info.etag });
  for await (const chunk of body) {
    md5.update(chunk);
    crc = crc32(chunk, crc);
  }
  return { md5: md5.digest("hex"), crc32: crc };
}
