/*
 * The experiments of notebooks/LOG.md: variants of the smoke run on the synthetic corpus, five seeds each. One JSON line
 * per run on stdout, then one per variant with mean and 95 % t interval over seeds. Usage after `npm run build`:
 *   nice -n 19 node dist/test/bench/experiments.js FOLDER [variant …]
 * Seeds change initial weights, window choice and order; the corpus (seed 42) stays. Thresholds are those of the
 * configuration; all scores are of the dev split.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../../src/base/config.js";
import type { Config } from "../../src/base/config-schema.js";
import { projectPath } from "../../src/base/project.js";
import { buildCache } from "../../src/cache/build.js";
import { chainFromConfig } from "../../src/cache/from-config.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { devMetrics } from "../../src/scoring/dev-metrics.js";
import { postprocessFromConfig } from "../../src/scoring/from-config.js";
import { openStore } from "../../src/store/open-store.js";
import { trainOptionsFromConfig } from "../../src/training/from-config.js";
import { startTraining } from "../../src/training/handle.js";

const SEEDS = [1, 2, 3, 4, 5];
const T_975_OF_4 = 2.776; // Student's t, 4 degrees of freedom
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  "balanced, causal, U-Net": [],
  unbalanced: ["data.use_balanced_sampling=false"],
  // windows of 10 s have background to spare; epochs such that both take about as many steps
  "10 s windows, balanced": ["data.window_size=10", "data.stride=5", "training.epochs=9"],
  "10 s windows, unbalanced": [
    ...["data.window_size=10", "data.stride=5", "training.epochs=4", "data.use_balanced_sampling=false"],
  ],
  "zero-phase": ["preprocessing.phase=zero"],
  "Bi-Mamba small": [
    ...["model.name=seizure_detector", "model.encoder.channels=[4,8,16,32]", "model.encoder.stages=4"],
    ...["model.mamba.d_model=32", "model.mamba.n_layers=2", "model.mamba.d_state=8"],
  ],
};
const { positionals } = parseArgs({ allowPositionals: true });
const [folder, ...wanted] = positionals;
if (folder === undefined) throw new Error("no folder given; expected FOLDER [variant ...]");

async function settingsOf(variant: string, seed: number): Promise<Config> {
  const data = [`data.data_dir=${join(folder!, "corpus")}`, `data.cache_dir=${join(folder!, "cache")}`];
  const output = `experiment.output_dir=${join(folder!, "runs", `${variant.replace(/\W+/g, "-")}-${seed}`)}`;
  const set = [...VARIANTS[variant]!, ...data, output, `experiment.seed=${seed}`, "experiment.device=onnx-cpu"];
  return (await loadConfig(projectPath("configs/smoke_test.yaml"), { set })).config;
}

async function cacheOf(config: Config) {
  const store = openStore(join(folder!, "corpus"));
  const catalogue = await readCatalogue(store);
  const chain = chainFromConfig(config);
  const { key } = await buildCache({ store, catalogue, cacheDir: config.data.cache_dir, chain, workers: 1 });
  const { manifest } = await writeManifest(config.data.cache_dir, { key, catalogue });
  return manifest;
}

async function runOnce(variant: string, seed: number): Promise<Record<string, number>> {
  const config = await settingsOf(variant, seed);
  const manifest = await cacheOf(config);
  const validate = devMetrics(manifest.recordings, { postprocess: postprocessFromConfig(config) });
  const handle = startTraining({ ...trainOptionsFromConfig(config), existing: "replace" }, { validate });
  const { bestMetric, validations, steps, secondsPerStep, parameters } = await handle.done;
  const best = validations.find(({ metrics }) => metrics.auroc === bestMetric)?.metrics ?? {};
  const { auroc = Number.NaN, auprc = Number.NaN, f1 = Number.NaN, fpPerDay = Number.NaN } = best;
  return { auroc, auprc, f1, fpPerDay, steps, secondsPerStep: secondsPerStep ?? Number.NaN, parameters };
}

function meanInterval(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  const half = (T_975_OF_4 * deviation) / Math.sqrt(SEEDS.length);
  return `${mean.toFixed(4)} (${(mean - half).toFixed(4)} to ${(mean + half).toFixed(4)})`;
}

await synthesizeCorpus(join(folder, "corpus"), { seed: 42 });
for (const variant of wanted.length > 0 ? wanted : Object.keys(VARIANTS)) {
  if (!VARIANTS[variant]) throw new Error(`no variant ${variant}; there are ${Object.keys(VARIANTS).join("; ")}`);
  const runs: Record<string, number>[] = [];
  for (const seed of SEEDS) {
    runs.push(await runOnce(variant, seed));
    console.log(JSON.stringify({ variant, seed, ...runs.at(-1) }));
  }
  const names = Object.keys(runs[0]!).filter((name) => name !== "steps" && name !== "parameters");
  const summary = Object.fromEntries(names.map((name) => [name, meanInterval(runs.map((run) => run[name]!))]));
  console.log(JSON.stringify({ variant, seeds: SEEDS.length, ...summary }));
}
