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
/** By the name of a configuration. */
const manifests = new Map<string, Manifest>();

async function configOf(file: string, changes: readonly string[] = []) {
  const places = [`data.cache_dir=${join(folder, "cache")}`, `experiment.output_dir=${join(folder, "run")}`];
  const set = [...places, "experiment.device=onnx-cpu", ...changes];
  return (await loadConfig(projectPath(`configs/${file}.yaml`), { set, environment: {} })).config;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ictal-smoke-"));
  await synthesizeCorpus(join(folder, "corpus"), { seed: 42 });
  const store = openStore(join(folder, "corpus"));
  const catalogue = await readCatalogue(store);
  for (const file of ["smoke_test", "causal_synthetic"]) {
    const config = await configOf(file);
    const cacheDir = config.data.cache_dir;
    const { key } = await buildCache({ store, catalogue, cacheDir, chain: chainFromConfig(config), workers: 1 });
    manifests.set(file, (await writeManifest(cacheDir, { key, catalogue })).manifest);
  }
});
after(() => rm(folder, { recursive: true, force: true }));

const TRANSFORMER =
  "model.seizure_transformer={ channels: [8, 8, 16, 16, 32], layers: 1, feed_forward: 64, residual_kernels: [3, 2], dropout: 0 }";

for (const [name, least, file, ...changes] of [
  ["the small Bi-Mamba-2 detector of configs/smoke_test.yaml", 0.95, "smoke_test"],
  ["the causal detector of configs/causal_synthetic.yaml", 0.9, "causal_synthetic"],
  ["EEGNet", 0.9, "smoke_test", "model.name=eegnet"],
  ["a small SeizureTransformer", 0.9, "smoke_test", "model.name=seizure_transformer", TRANSFORMER],
] as const) {
  test(`${name} reaches a dev AUROC of ${least} on the synthetic corpus`, async (context) => {
    const config = await configOf(file, changes);
    const validate = devMetrics(manifests.get(file)?.recordings ?? [], { postprocess: postprocessFromConfig(config) });
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
