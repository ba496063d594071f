/**
 * Each kind of file, from each kind of source, with each number of threads, through each kind of chain: the cache holds the same
 * bytes everywhere, or the recording is excluded for the same reason everywhere.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildCache } from "../../src/cache/build.js";
import { openCache } from "../../src/cache/open.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { type ChainOptions, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { folderStore } from "../../src/store/folder-store.js";
import { memoryStore } from "../../src/store/memory-store.js";
import { withMirror } from "../../src/store/mirror-store.js";
import { s3Store } from "../../src/store/s3-store.js";
import { type S3Server, startS3Server } from "../../src/store/server/s3-server.js";
import type { Store } from "../../src/store/store.js";
import { temporaryFolder } from "./made-cache.js";
import { writeObjects } from "./made-corpus.js";
import { KINDS, kindId, kindObjects } from "./made-kinds.js";

const CHAINS: Readonly<Record<string, ChainOptions>> = {
  causal: DEFAULT_CHAIN,
  "zero-phase": { ...DEFAULT_CHAIN, phase: "zero" },
  reference: { ...REFERENCE_CHAIN, reference: "average" },
};
const WORKERS = [0, 1, 2];
const OBJECTS = kindObjects();

let server: S3Server;
before(async () => {
  server = await startS3Server({ bucket: "corpus", store: memoryStore(OBJECTS) });
});
after(() => server.close());

function bucket(): Store {
  const { accessKeyId, secretAccessKey, endpoint } = server;
  return s3Store({ bucket: "corpus", endpoint, credentials: { accessKeyId, secretAccessKey } });
}

/** Hashes of the samples by file, and sidecars without the ETag, which is the store's own. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(path);
    const isText = entry.name.endsWith(".json");
    const text = isText && bytes.toString().replace(/"etag":"[^"]*",/, "");
    content[path.slice(folder.length + 1)] = text || createHash("sha256").update(bytes).digest("hex");
  }
  return content;
}

async function build(store: Store, cacheDir: string, chain: ChainOptions, workers: number) {
  const catalogue = await readCatalogue(store);
  const report = await buildCache({ store, catalogue, cacheDir, chain, workers });
  const codes = report.excluded.map(({ id, code }) => [id, code]);
  return { codes, built: report.built, content: await contentOf(report.folder), folder: report.folder };
}

const expectedCodes = [
  ...Object.entries(KINDS).flatMap(([name, { excluded }]) => (excluded ? [[kindId(name), excluded]] : [])),
  ["edf/train/packedxx/s001_2010/01_tcp_ar/packedxx_s001_t000.edf.gz", "compressed"],
].sort(([a], [b]) => (a! < b! ? -1 : 1));

for (const [chainName, chain] of Object.entries(CHAINS)) {
  test(`caches of a ${chainName} chain are the same from every source with every number of threads`, async (context) => {
    const dir = await temporaryFolder(context);
    const corpus = join(dir, "corpus");
    await writeObjects(corpus, OBJECTS);
    const mirrored = withMirror(bucket(), join(dir, "mirror"));
    const direct = bucket();
    context.after(async () => {
      await mirrored.close?.();
      await direct.close?.();
    });
    const stores = { memory: memoryStore(OBJECTS), folder: folderStore(corpus), mirror: mirrored, s3: direct };
    let first: Awaited<ReturnType<typeof build>> | undefined;
    for (const [storeName, store] of Object.entries(stores)) {
      for (const workers of WORKERS) {
        const mode = `${chainName}, ${storeName}, ${workers} workers`;
        const found = await build(store, join(dir, `${storeName}-${workers}`), chain, workers);
        assert.deepEqual(found.codes, expectedCodes, mode);
        assert.equal(found.built, Object.values(KINDS).filter(({ excluded }) => !excluded).length, mode);
        first ??= found;
        assert.deepEqual(found.content, first.content, mode);
      }
    }
    await checkSame(first!.folder);
  });
}

/** Files of the same samples give the same bytes, whatever their kind says of itself. */
async function checkSame(folder: string): Promise<void> {
  const cache = await openCache(folder);
  const samplesOf = async (name: string) => {
    const { frameCrc32, std } = await cache.sidecar(kindId(name));
    assert.ok(
      std.every((value) => value > 1),
      name,
    );
    return frameCrc32;
  };
  const plain = await samplesOf("edf");
  for (const name of ["edf-c", "edf-c-jitter", "edf-c-fraction", "edf-d", "bdf", "bdf-c", "bdf-d"])
    assert.deepEqual(await samplesOf(name), plain, name);
  const short = await cache.sidecar(kindId("edf-short"));
  assert.ok(short.durationSeconds < 12 && short.diagnostics.truncated === 1, JSON.stringify(short.diagnostics));
}
