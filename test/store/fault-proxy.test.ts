/** Whatever a connection does to the bytes, a pull and a direct build end with the bucket's bytes or a named failure. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isIctalError } from "../../src/base/errors.js";
import { buildCache } from "../../src/cache/build.js";
import { openCache } from "../../src/cache/open.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { pull } from "../../src/store/pull.js";
import { s3Store } from "../../src/store/s3-store.js";
import { type S3Server, startS3Server } from "../../src/store/server/s3-server.js";
import type { Store } from "../../src/store/store.js";
import { idOf, makeObjects } from "../cache/made-corpus.js";
import { PROXY_MODES, type ProxyMode, startFaultProxy } from "./fault-proxy.js";
import { patternBytes } from "./s3-fixture.js";

const FILES = ["aaaaaaaa", "aaaaaaab", "aaaaaaac", "aaaaaaad"].map((patient, i) => ({
  patient,
  seconds: 12 + 9 * i,
  events: [[2, 5, "seiz"]] as const,
}));
const objects: Record<string, Buffer> = Object.fromEntries(
  Object.entries({ ...makeObjects(FILES), "other/large.bin": patternBytes(1_500_000) }).map(([key, value]) => [
    key,
    Buffer.from(value),
  ]),
);

let server: S3Server;
let root: string;
const sound = new Map<string, string>();

async function seeCache(dir: string): Promise<Map<string, string>> {
  const cache = await openCache(dir);
  const found = new Map<string, string>();
  for (const file of FILES) {
    const sidecar = await cache.sidecar(idOf(file)).catch(() => undefined);
    if (sidecar) found.set(idOf(file), JSON.stringify([sidecar.source, sidecar.seizures, sidecar.frames]));
  }
  return found;
}

before(async () => {
  root = await mkdtemp(join(tmpdir(), "ictal-proxy-"));
  const store = memoryStore(objects);
  server = await startS3Server({ store, bucket: "corpus" });
});
after(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});
