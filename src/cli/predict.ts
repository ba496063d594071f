import type { Command } from "commander";
import { loadConfig } from "../base/config.js";
import { createProgress } from "../base/progress.js";
import { readManifest } from "../cache/manifest.js";
import { openExecutor } from "../tensor/open.js";
import { blendFromConfig, deviceFromConfig } from "../training/from-config.js";
import { predictRecordings } from "../training/predict-recordings.js";
import { action, type Outcome, UsageError } from "./action.js";

interface PredictFlags {
  checkpoint: string;
  config: string;
  out: string;
  split: string;
  set?: string[];
  type: string;
  allowOtherCache?: boolean;
}

async function predict(flags: PredictFlags): Promise<Outcome> {
  if (flags.type !== "float16" && flags.type !== "float32") {
    throw new UsageError(`invalid --type: ${flags.type}; expected float16 or float32`);
  }
  const { config, notice } = await loadConfig(flags.config, { set: flags.set });
  if (notice) process.stderr.write(`${notice}\n`);
  const cacheDir = config.data.cache_dir;
  const manifest = await readManifest(cacheDir);
  const total = manifest.recordings.filter(({ split }) => split === flags.split).length;
  if (flags.split === "eval") process.stderr.write(`opening the eval split: ${total} recordings\n`);
  const executor = await openExecutor(deviceFromConfig(config));
  const progress = createProgress();
  const started = performance.now();
  let recordings = 0;
  let seconds = 0;
  try {
    const predictions = predictRecordings({
      checkpoint: flags.checkpoint,
      cacheDir,
      manifest,
      split: flags.split,
      executor,
      batchSize: config.training.batch_size,
      strideSeconds: config.data.stride,
      blend: blendFromConfig(config),
      outDir: flags.out,
      storeAs: flags.type,
      allowOtherCache: flags.allowOtherCache,
    });
    for await (const { probability, rateHz } of predictions) {
      recordings += 1;
      seconds += probability.length / rateHz;
      progress.update({ label: "predicting", done: recordings, total, unit: "recordings" });
    }
  } finally {
    progress.finish();
    await executor.dispose();
  }
  const wallSeconds = (performance.now() - started) / 1000;
  return {
    json: { out: flags.out, recordings, eegSeconds: seconds, wallSeconds, executor: executor.name },
    text: `${recordings} recordings, ${(seconds / 3600).toFixed(2)} h of EEG in ${wallSeconds.toFixed(1)} s, in ${flags.out}`,
  };
}

/** Adds `ictal predict`. */
export function addPredictCommand(program: Command): void {
  program
    .command("predict")
    .description("probabilities of seizure over the recordings of a split, one file each")
    .requiredOption("--checkpoint <path>", "a .safetensors file, a checkpoint folder, or a run's folder")
    .requiredOption("--config <file>", "configuration that names the cache, e.g. configs/smoke_test.yaml")
    .requiredOption("--out <dir>", "folder for the predictions")
    .option("--split <name>", "train, dev or eval", "dev")
    .option("--type <name>", "float16 or float32", "float16")
    .option("--set <section.key=value>", "override one value (repeatable)", (value: string, all: string[] = []) => [
      ...all,
      value,
    ])
    .option("--allow-other-cache", "predict on a cache made by another chain than the one trained on")
    .option("--json", "print JSON")
    .action(action((flags: PredictFlags) => predict(flags)));
}
