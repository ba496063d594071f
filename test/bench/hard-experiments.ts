/*
 * The experiments of notebooks/LOG.md on varied corpora: a small U-Net (configs/hard_unet.yaml) and its variants beside band
 * power with logistic regression, all on the dev split. One JSON line per run on stdout, then one per variant with mean and
 * standard deviation over seeds. Usage after `npm run build`:
 *   nice -n 10 node dist/test/bench/hard-experiments.js FOLDER [--seeds 1,2,3,4,5] [--difficulty 0.5] [variant …]
 * Seeds change initial weights, window choice and order; the corpus (seed 42) stays. No epoch is chosen on dev: the weights of
 * the last one count. `byPatient` is the AUROC per second of each patient with seizures, in the order of the manifest.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectPath } from "../../src/base/project.js";
import { buildCache } from "../../src/cache/build.js";
import { type Manifest, writeManifest } from "../../src/cache/manifest.js";
import { chainFromConfig, postprocessFromConfig } from "../../src/config/layer-options.js";
import { loadConfig } from "../../src/config/load-config.js";
import type { Config } from "../../src/config/schema.js";
import { trainOptionsFromConfig } from "../../src/config/train-options.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { auroc } from "../../src/scoring/curves.js";
import { devMetrics, type RecordingProbability } from "../../src/scoring/dev-metrics.js";
import { openStore } from "../../src/store/open-store.js";
import { startTraining } from "../../src/training/handle.js";
import { fitLogistic, overChannels, perSecond, windowFeatures } from "./band-power.js";

const BI_MAMBA = [
  ...["model.name=seizure_detector", "model.encoder={ stages: 3, channels: [8, 16, 32] }"],
  ...["model.rescnn={ n_blocks: 1, dropout: 0 }"],
  "model.mamba={ n_layers: 1, d_model: 32, d_state: 8, conv_kernel: 4, dropout: 0 }",
];

const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  "U-Net": [],
  unbalanced: ["data.use_balanced_sampling=false"],
  "zero-phase": ["preprocessing.phase=zero"],
  "Bi-Mamba": BI_MAMBA,
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "1,2,3,4,5" },
    difficulty: { type: "string", default: "0.5" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const [folder, ...wanted] = positionals;
if (folder === undefined) throw new Error("no folder given; expected FOLDER [variant ...]");
const seeds = values.seeds.split(",").map(Number);
const difficulty = Number(values.difficulty);
const corpus = join(folder, `difficulty-${difficulty}`);

async function settingsOf(variant: string, seed: number): Promise<Config> {
  const places = [`data.data_dir=${corpus}`, `data.cache_dir=${join(folder!, `cache-${difficulty}`)}`];
  const run = join(folder!, "runs", `${difficulty}-${variant.replace(/\W+/g, "-")}-${seed}`);
  const own = [`experiment.output_dir=${run}`, `experiment.seed=${seed}`, "experiment.device=onnx-cpu"];
  const set = [...places, ...own, ...(VARIANTS[variant] ?? []), ...values.set];
  return (await loadConfig(projectPath("configs/hard_unet.yaml"), { set })).config;
}

async function cacheOf(config: Config): Promise<Manifest> {
  const store = openStore(corpus);
  const catalogue = await readCatalogue(store);
  const chain = chainFromConfig(config);
  const { key } = await buildCache({ store, catalogue, cacheDir: config.data.cache_dir, chain, workers: 1 });
  return (await writeManifest(config.data.cache_dir, { key, catalogue })).manifest;
}

/** AUROC over all seconds of dev, and of each patient who has a seizure. */
function secondsAuroc({ recordings }: Manifest, scores: ReadonlyMap<string, Float32Array>) {
  const all = { score: [] as number[], truth: [] as number[] };
  const own = new Map<string, { score: number[]; truth: number[] }>();
  for (const { id, patient, seizures } of recordings) {
    const found = scores.get(id);
    if (!found) continue;
    const mine = own.get(patient) ?? { score: [], truth: [] };
    own.set(patient, mine);
    found.forEach((score, second) => {
      const isIctal = seizures.some((s) => second + 0.5 >= s.startSeconds && second + 0.5 < s.endSeconds);
      for (const list of [all, mine]) {
        list.score.push(score);
        list.truth.push(isIctal ? 1 : 0);
      }
    });
  }
  const area = ({ score, truth }: typeof all) => auroc(Float32Array.from(score), truth);
  const byPatient = [...own.values()].filter(({ truth }) => truth.includes(1)).map(area);
  return { auroc: area(all), byPatient };
}

/** One value a second: the mean of those within it. */
function toSeconds({ probability, rateHz }: RecordingProbability): Float32Array {
  return Float32Array.from({ length: Math.floor(probability.length / rateHz) }, (_, second) => {
    const part = probability.subarray(Math.round(second * rateHz), Math.round((second + 1) * rateHz));
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

async function baseline(manifest: Manifest, cacheDir: string): Promise<void> {
  const reader = await openWindowReader(cacheDir, manifest);
  try {
    const positions = [...manifest.recordings.keys()].filter((i) => manifest.recordings[i]!.split !== "eval");
    const features = await Promise.all(positions.map((position) => windowFeatures(reader, position)));
    const isTrain = ({ recording }: { recording: number }) => manifest.recordings[recording]!.split === "train";
    const train = features.filter(isTrain);
    const classes = train.flatMap(({ ictal }) => ictal.map((share) => (share >= 0.5 ? 1 : 0)));
    for (const [name, of] of [
      ["per channel", (row: Float64Array) => row],
      ["over channels", overChannels],
    ] as const) {
      const score = fitLogistic(
        train.flatMap(({ rows }) => rows.map(of)),
        classes,
      );
      const scores = features
        .filter((each) => !isTrain(each))
        .map(({ recording, rows }): [string, Float32Array] => {
          const { id, durationSeconds } = manifest.recordings[recording]!;
          return [
            id,
            perSecond(
              rows.map((row) => score(of(row))),
              Math.floor(durationSeconds),
            ),
          ];
        });
      console.log(
        JSON.stringify({ variant: `band power, ${name}`, difficulty, ...secondsAuroc(manifest, new Map(scores)) }),
      );
    }
  } finally {
    await reader.close();
  }
}

async function runOnce(variant: string, seed: number): Promise<number> {
  const config = await settingsOf(variant, seed);
  const manifest = await cacheOf(config);
  const measure = devMetrics(manifest.recordings, { postprocess: postprocessFromConfig(config) });
  let last: readonly RecordingProbability[] = [];
  const validate = Object.assign(
    (predictions: readonly RecordingProbability[]) => {
      last = predictions;
      return measure(predictions);
    },
    { metricNames: measure.metricNames },
  );
  const handle = startTraining({ ...trainOptionsFromConfig(config), existing: "replace" }, { validate });
  const { bestMetric, steps, secondsPerStep, parameters } = await handle.done;
  const scores = new Map(last.map((prediction) => [prediction.id, toSeconds(prediction)]));
  const found = secondsAuroc(manifest, scores);
  const run = { variant, difficulty, seed, ...found, bestEpoch: bestMetric, steps, secondsPerStep, parameters };
  console.log(JSON.stringify(run));
  return found.auroc;
}

await synthesizeCorpus(corpus, { seed: 42, difficulty });
for (const variant of wanted.length > 0 ? wanted : ["baseline", ...Object.keys(VARIANTS)]) {
  if (variant === "baseline") {
    const config = await settingsOf(variant, 0);
    await baseline(await cacheOf(config), config.data.cache_dir);
    continue;
  }
  if (!VARIANTS[variant])
    throw new Error(`no variant ${variant}; there are baseline; ${Object.keys(VARIANTS).join("; ")}`);
  const found: number[] = [];
  for (const seed of seeds) found.push(await runOnce(variant, seed));
  const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
  const sd = Math.sqrt(found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (found.length - 1));
  console.log(JSON.stringify({ variant, difficulty, seeds: found.length, mean, sd }));
}
