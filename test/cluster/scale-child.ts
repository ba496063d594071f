/** Plans and finalises a corpus of so many made recordings; prints seconds and the peak of its memory. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finalisePlan } from "../../src/cluster/finalise.js";
import { readPlan, writePlan } from "../../src/cluster/plan.js";
import { planCache } from "../../src/cluster/plans.js";
import { receiptPath, writeState } from "../../src/cluster/state.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import type { ObjectInfo, Store } from "../../src/store/store.js";

const recordings = Number(process.argv[2]);
const shards = Number(process.argv[3]);

async function* listing(): AsyncGenerator<ObjectInfo> {
  for (let index = 0; index < recordings; index++) {
    const patient = `p${String(Math.floor(index / 10)).padStart(7, "0")}`;
    const stem = `edf/train/${patient}/s001_2012/01_tcp_ar/${patient}_s001_t${String(index % 10).padStart(3, "0")}`;
    for (const ending of ["csv", "csv_bi", "edf"])
      yield { key: `${stem}.${ending}`, size: 1000 + index, etag: `${index}-${ending}` };
  }
}

const store: Store = {
  url: "made://corpus",
  list: () => listing(),
  stat: async () => undefined,
  read: async () => new Uint8Array(),
};

const dir = await mkdtemp(join(tmpdir(), "ictal-scale-"));
try {
  const begun = performance.now();
  const catalogue = await readCatalogue(store);
  const listedMegabytes = process.resourceUsage().maxRSS / 1024;
  const plan = planCache({
    catalogue,
    configArgs: ["--config", "made.yaml"],
    configHash: "0",
    shards,
    cacheDir: "cache",
    cacheKey: "key",
    limitArgs: [],
    buildArgs: [],
  });
  await writePlan(dir, plan);
  const planSeconds = (performance.now() - begun) / 1000;
  const rest = { state: "done", exitCode: 0, attempts: 1, startedAt: "", seconds: 1, host: "", results: [{}] } as const;
  for (const [shard, { hash }] of plan.shards.entries())
    await writeState(receiptPath(dir, shard), { ...rest, results: [{}], shard, hash, lastLines: [] });
  const again = performance.now();
  await finalisePlan(dir, { ...(await readPlan(dir)), finalise: [] }, { ictal: [] });
  const finaliseSeconds = (performance.now() - again) / 1000;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(
    JSON.stringify({ items: plan.items, planSeconds, finaliseSeconds, listedMegabytes, peakMegabytes }),
  );
} finally {
  await rm(dir, { recursive: true, force: true });
}
