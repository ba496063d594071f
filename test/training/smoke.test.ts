/** Short trainings of small detectors on the synthetic corpus: each has to tell seizures of unseen patients. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { projectPath } from "../../src/base/project.js";
import { buildCache } from "../../src/cache/build.js";
import { type Manifest, writeManifest } from "../../src/cache/manifest.js";
import { chainFromConfig, postprocessFromConfig } from "../../src/config/layer-options.js";
import { loadConfig } from "../../src/config/load-config.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { devMetrics } from "../../src/scoring/dev-metrics.js";
import { openStore } from "../../src/store/open-store.js";
import { startTraining } from "../../src/training/handle.js";

let folder = "";
let manifest: Manifest;

async function configOf(...changes: string[]) {
  const places = [`data.cache_dir=${join(folder, "cache")}`, `experiment.output_dir=${join(folder, "run")}`];
  const set = [...places, "experiment.device=onnx-cpu", ...changes];
  return (await loadConfig(projectPath("configs/smoke_test.yaml"), { set, environment: {} })).config;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ictal-smoke-"));
  await synthesizeCorpus(join(folder, "corpus"), { seed: 42 });
  const store = openStore(join(folder, "corpus"));
  const catalogue = await readCatalogue(store);
  const config = await configOf();
  const cacheDir = config.data.cache_dir;
  const { key } = await buildCache({ store, catalogue, cacheDir, chain: chainFromConfig(config), workers: 1 });
  ({ manifest } = await writeManifest(cacheDir, { key, catalogue }));
});
after(() => rm(folder, { recursive: true, force: true }));

const TRANSFORMER =
  "model.seizure_transformer={ channels: [8, 8, 16, 16, 32], layers: 1, feed_forward: 64, residual_kernels: [3, 2], dropout: 0 }";

for (const [name, least, ...changes] of [
  ["the small Bi-Mamba-2 detector of configs/smoke_test.yaml", 0.95],
  ["EEGNet", 0.9, "model.name=eegnet"],
  ["a small SeizureTransformer", 0.9, "model.name=seizure_transformer", TRANSFORMER],
] as const) {
  test(`${name} reaches a dev AUROC of ${least} on the synthetic corpus`, async (context) => {
    const config = await configOf(...changes);
    const validate = devMetrics(manifest.recordings, { postprocess: postprocessFromConfig(config) });
    const training = startTraining({ ...trainOptionsFromConfig(config), existing: "replace" }, { validate });
    // the best epoch counts: once one has reached it, later ones change nothing
    training.onUpdate(({ validations, metricName }) => {
      if (validations.some(({ metrics }) => (metrics[metricName] ?? 0) >= least)) void training.stop();
    });
    const report = await training.done;
    context.diagnostic(`AUROC ${report.bestMetric?.toFixed(3)} after ${report.steps} steps`);
    assert.ok(report.bestMetric !== null && report.bestMetric >= least, String(report.bestMetric));
  });
}
