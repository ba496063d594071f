/** One build in a process of its own: `node cache-memory-child.js CACHE COUNT SECONDS WORKERS`; prints its peak in MB. */
import { buildCache } from "../../src/cache/build.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { endlessStore } from "./made-recording.js";

const [cacheDir = "", ...numbers] = process.argv.slice(2);
const [count = 1, seconds = 60, workers = 1] = numbers.map(Number);
const store = endlessStore(count, seconds);
const catalogue = await readCatalogue(store);
const { built } = await buildCache({ store, catalogue, cacheDir, workers });
if (built !== count) throw new Error(`${built} of ${count} recordings were built`);
await writeManifest(cacheDir, { catalogue });
process.stdout.write(`${Math.round(process.resourceUsage().maxRSS / 1000)}\n`);
