import { resolve } from "node:path";
import { action, type Outcome } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { sha256 } from "@ictal/base/canonical";
import { collect } from "@ictal/base/flags";
import { type Command, InvalidArgumentError } from "commander";
import { modelFromConfig } from "../config/model-options.js";
import { createDetector } from "../model/detector.js";
import { exportOnnx } from "../model/export-onnx.js";
import { DETECTORS } from "../model/registry.js";
import { formatSummary, summarizeModel } from "../model/summary.js";
import { loadWeights } from "../training/load-weights.js";
import { readConfig } from "./data-options.js";

interface ExportFlags {
  readonly checkpoint: string;
  readonly out: string;
  readonly samples: number;
  readonly batchSize: number;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a whole number of at least 1");
  return value;
}

async function exportModel(flags: ExportFlags): Promise<Outcome> {
  const { detector, values, origin, path } = await loadWeights(flags.checkpoint);
  const { samples: sampleCount, batchSize } = flags;
  const bytes = exportOnnx(detector, values, { sampleCount, batchSize });
  const out = resolve(flags.out);
  await writeFileAtomic(out, bytes);
  const { channels, sampleRateHz } = origin;
  const input = [batchSize, detector.inputChannels, sampleCount];
  const output = [batchSize, sampleCount / detector.outputStrideSamples];
  const text =
    `${detector.name} of ${path} in ${out} (${(bytes.length / 1e6).toFixed(1)} MB): ` +
    `x [${input.join(", ")}] at ${sampleRateHz} Hz gives probability [${output.join(", ")}]`;
  const json = { out, bytes: bytes.length, sha256: sha256(bytes), checkpoint: path, model: detector.config };
  return { json: { ...json, input, output, channels, sampleRateHz }, text };
}

interface SummaryFlags {
  readonly config: string;
  readonly set?: readonly string[];
  readonly samples?: number;
  readonly depth: number;
}

async function modelSummary({ config: file, set, samples, depth }: SummaryFlags): Promise<Outcome> {
  const { config } = await readConfig(file, { set: set ?? [] });
  const detector = createDetector(modelFromConfig(config.model, { isCausal: config.experiment.causal }));
  const sampleCount = samples ?? Math.round(config.data.window_size * config.data.sampling_rate);
  const summary = summarizeModel(detector, sampleCount, depth);
  return { json: { ...summary, config: detector.config }, text: formatSummary(summary) };
}

async function listModels(): Promise<Outcome> {
  const json = DETECTORS.map(({ name, title }) => ({ name, title }));
  const width = Math.max(...json.map(({ name }) => name.length));
  return { json, text: json.map(({ name, title }) => `${name.padEnd(width)}  ${title}`).join("\n") };
}

const HELP = `
The input of the model is windows as stored in the cache: filtered, resampled, in units of standard deviation.

Example:
  ictal model export --checkpoint results/smoke --out detector.onnx --samples 15360`;

/** Adds `ictal model list|summary|export`. */
export function addModelCommand(program: Command): void {
  const model = program.command("model").description("list, summarize and export detectors");
  model
    .command("list")
    .description("list the detectors that model.name can select")
    .option("--json", "print one JSON document")
    .action(action(listModels));
  model
    .command("summary")
    .description("print shapes, parameters and FLOPs of a configured detector by module")
    .requiredOption("--config <file>", "configuration (YAML)")
    .option("--set <section.key=value>", "override a value of the configuration; repeatable", collect)
    .option("--samples <n>", "samples of a window (default: the configured window)", positive)
    .option("--depth <n>", "number of components of parameter names that define a module", positive, 1)
    .option("--json", "print one JSON document")
    .action(action(modelSummary));
  model
    .command("export")
    .description("export a trained detector as an ONNX file")
    .requiredOption("--checkpoint <path>", "a .safetensors file, a checkpoint folder, or the folder of a run")
    .requiredOption("--out <file>", "the .onnx file to write")
    .requiredOption("--samples <n>", "samples of a window, fixed in the file", positive)
    .option("--batch-size <n>", "windows per run, fixed in the file", positive, 1)
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action(action(exportModel));
}
