/*
 * The experiments of notebooks/LOG.md: variants of the smoke run on the synthetic corpus, five seeds each. One JSON line
 * per run on stdout, then one per variant with mean and 95 % t interval over seeds. Usage after `npm run build`:
 *   nice -n 19 node dist/test/bench/experiments.js FOLDER [--seeds 1,2,3,4,5] [variant …]
 * Seeds change initial weights, window choice and order; the corpus (seed 42) stays. Learning rates are chosen on seeds that
 * are not among the five. Thresholds are those of the configuration; all scores are of the dev split.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectPath } from "../../src/base/project.js";
import { buildCache } from "../../src/cache/build.js";
import { writeManifest } from "../../src/cache/manifest.js";
import { chainFromConfig, postprocessFromConfig } from "../../src/config/layer-options.js";
import { loadConfig } from "../../src/config/load-config.js";
import type { Config } from "../../src/config/schema.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { devMetrics } from "../../src/scoring/dev-metrics.js";
import { openStore } from "../../src/store/open-store.js";
import { startTraining } from "../../src/training/handle.js";

/** 97.5 % quantile of Student's t by degrees of freedom. */
const T_975: Readonly<Record<number, number>> = { 1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 9: 2.262 };

interface Variant {
  /** @default "configs/smoke_unet.yaml" */
  readonly config?: string;
  readonly set: readonly string[];
}

const UNET = [
  ...["model.name=unet", "model.unet.channels=[16,32,64,64]", "model.unet.kernel_size=5"],
  ...["model.unet.stem_stride=8", "model.unet.downsample_factor=4"],
];

/** Networks on the 16 s windows of smoke_test.yaml: all see the same windows in the same order, 39 steps an epoch. */
function sixteenSeconds(learningRate: number, set: readonly string[] = []): Variant {
  return {
    config: "configs/smoke_test.yaml",
    set: ["training.epochs=2", ...set, `training.learning_rate=${learningRate}`],
  };
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  "balanced, causal, U-Net": { set: [] },
  unbalanced: { set: ["data.use_balanced_sampling=false"] },
  // windows of 10 s have background to spare; epochs such that both take about as many steps
  "10 s windows, balanced": { set: ["data.window_size=10", "data.stride=5", "training.epochs=9"] },
  "10 s windows, unbalanced": {
    set: ["data.window_size=10", "data.stride=5", "training.epochs=4", "data.use_balanced_sampling=false"],
  },
  "zero-phase": { set: ["preprocessing.phase=zero"] },
  ...Object.fromEntries(
    [1e-3, 3e-3, 5e-3, 1e-2, 2e-2].flatMap((rate): [string, Variant][] => [
      [`16 s, Bi-Mamba, rate ${rate}`, sixteenSeconds(rate)],
      [`16 s, U-Net, rate ${rate}`, sixteenSeconds(rate, UNET)],
    ]),
  ),
  "16 s, Bi-Mamba, rate 0.005, 8 epochs": sixteenSeconds(5e-3, ["training.epochs=8"]),
  "16 s, U-Net, rate 0.01, 8 epochs": sixteenSeconds(1e-2, [...UNET, "training.epochs=8"]),
};
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "1,2,3,4,5" } },
});
const seeds = values.seeds.split(",").map(Number);
const [folder, ...wanted] = positionals;
if (folder === undefined) throw new Error("no folder given; expected FOLDER [variant ...]");

async function settingsOf(variant: string, seed: number): Promise<Config> {
  const data = [`data.data_dir=${join(folder!, "corpus")}`, `data.cache_dir=${join(folder!, "cache")}`];
  const output = `experiment.output_dir=${join(folder!, "runs", `${variant.replace(/\W+/g, "-")}-${seed}`)}`;
  const { config: file = "configs/smoke_unet.yaml", set: changes } = VARIANTS[variant]!;
  const set = [...changes, ...data, output, `experiment.seed=${seed}`, "experiment.device=onnx-cpu"];
  return (await loadConfig(projectPath(file), { set })).config;
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
  const half = ((T_975[values.length - 1] ?? Number.NaN) * deviation) / Math.sqrt(values.length);
  return `${mean.toFixed(4)} (${(mean - half).toFixed(4)} to ${(mean + half).toFixed(4)})`;
}

await synthesizeCorpus(join(folder, "corpus"), { seed: 42 });
for (const variant of wanted.length > 0 ? wanted : Object.keys(VARIANTS)) {
  if (!VARIANTS[variant]) throw new Error(`no variant ${variant}; there are ${Object.keys(VARIANTS).join("; ")}`);
  const runs: Record<string, number>[] = [];
  for (const seed of seeds) {
    runs.push(await runOnce(variant, seed));
    console.log(JSON.stringify({ variant, seed, ...runs.at(-1) }));
  }
  const names = Object.keys(runs[0]!).filter((name) => name !== "steps" && name !== "parameters");
  const summary = Object.fromEntries(names.map((name) => [name, meanInterval(runs.map((run) => run[name]!))]));
  console.log(JSON.stringify({ variant, seeds: seeds.length, ...summary }));
}
