/**
 * A build in a process of its own, for tests that kill it or run two: `node build-child.js CORPUS CACHE DELAY_MS WORKERS`. Every
 * read is delayed so that there is time to kill; a line is printed at the start and whenever a recording is finished.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { buildCache } from "../../src/cache/build.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { folderStore } from "../../src/store/folder-store.js";
import type { Store } from "../../src/store/store.js";

const [corpus = "", cacheDir = "", delay = "0", workers = "2"] = process.argv.slice(2);
const inner = folderStore(corpus);
const store: Store = {
  ...inner,
  async read(key, options) {
    await sleep(Number(delay));
    return inner.read(key, options);
  },
};
process.stdout.write("start\n");
const progress = { update: ({ done }: { done: number }) => void process.stdout.write(`${done}\n`), finish() {} };
const catalogue = await readCatalogue(store);
const { key } = await buildCache({ store, catalogue, cacheDir, workers: Number(workers), progress });
await writeManifest(cacheDir, { key, catalogue });
