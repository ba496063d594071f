import { resolve } from "node:path";
import { action, type Outcome } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { sha256 } from "@ictal/base/canonical";
import { collect } from "@ictal/base/flags";
import { type Command, InvalidArgumentError, Option } from "commander";
import { channelsFromConfig } from "../config/channels.js";
import { modelFromConfig } from "../config/model-options.js";
import { createDetector } from "../model/detector.js";
import { exportOnnx } from "../model/export-onnx.js";
import { DETECTORS } from "../model/registry.js";
import { formatSummary, summarizeModel } from "../model/summary.js";
import { withMetadata } from "../tensor/onnx-proto.js";
import { loadWeights } from "../training/load-weights.js";
import { originOf } from "./checkpoint-config.js";
import { readConfig } from "./data-options.js";
import type { ImportFlags } from "./import-flags.js";

interface ExportFlags {
  readonly checkpoint: string;
  readonly config?: string;
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
  const loaded = flags.config === undefined ? undefined : await readConfig(flags.config, { set: [] });
  const { detector, values, origin, path } = await loadWeights(flags.checkpoint, {
    origin: loaded && (await originOf(loaded)),
  });
  const { samples: sampleCount, batchSize } = flags;
  const { channels, sampleRateHz } = origin;
  const bytes = withMetadata(exportOnnx(detector, values, { sampleCount, batchSize }), {
    channels: channels.join(","),
    sample_rate_hz: String(sampleRateHz),
    window_seconds: String(sampleCount / sampleRateHz),
    output: "probability",
  });
  const out = resolve(flags.out);
  await writeFileAtomic(out, bytes);
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
  const { length: inputChannels } = channelsFromConfig(config);
  const model = modelFromConfig(config.model, { isCausal: config.experiment.causal, inputChannels });
  const detector = createDetector(model);
  const sampleCount = samples ?? Math.round(config.data.window_size * config.data.sampling_rate);
  const summary = summarizeModel(detector, sampleCount, depth);
  return { json: { ...summary, config: detector.config }, text: formatSummary(summary) };
}

async function listModels(): Promise<Outcome> {
  const json = DETECTORS.map(({ name, title }) => ({ name, title }));
  const width = Math.max(...json.map(({ name }) => name.length));
  return { json, text: json.map(({ name, title }) => `${name.padEnd(width)}  ${title}`).join("\n") };
}

async function importFile(file: string, flags: ImportFlags): Promise<Outcome> {
  const { importModel } = await import("./model-import.js");
  return importModel(file, flags);
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("expected a number above 0");
}

function classIndex(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("expected the number of a class, from 0");
}

const names = (text: string) => text.split(",").map((name) => name.trim());

const IMPORT_HELP = `
Weights (.safetensors, .pth, .pt) need --model. Files of torch.save are read without Python, and nothing in them is run: a state_dict,
or a dict that holds one as state_dict, model_state_dict, model …; anything but tensors is refused. Without --config the sizes,
windows and preprocessing are those that the detector was published with (seizure_transformer: z-score of the recording, 256 Hz, notches at
1 and 60 Hz, windows of 60 s), or the defaults.
An .onnx file is a network of its own: one float32 input [batch, channels, samples] and an output [batch, …] with values for the window, or
[batch, classes, …] with --seizure-class. Its metadata may say channels, sample_rate_hz, window_seconds, output and seizure_class in place of flags.

Examples:
  ictal model import model.pth --model seizure_transformer --out models/wu2025
  ictal model import net.onnx --output logit --rate 256 --window 10 --channels Fp1,Fp2,C3,C4 --out models/net
  ictal detect recording.edf events.tsv --checkpoint models/wu2025`;

function addImport(model: Command): void {
  model
    .command("import")
    .argument("<file>", "weights (.safetensors, .pth, .pt) or a network (.onnx)")
    .description("make weights or a network of others a detector for predict, detect and score")
    .requiredOption("--out <dir>", "folder for the detector: its file and config.yaml")
    .option("--model <name>", "detector of the weights, one of `ictal model list`; for .onnx a name of your choice")
    .option("--config <file>", "configuration (YAML): sizes of the detector, windows and preprocessing")
    .option("--set <section.key=value>", "override a value of the configuration; repeatable", collect)
    .option("--map <old=new>", "replace the start of tensors' names; repeatable, the first that fits counts", collect)
    .option(
      "--channels <names>",
      ".onnx: channels in the order of its input, comma-separated (default: the configured ones)",
      names,
    )
    .option("--rate <hz>", ".onnx: sample rate of its input", positiveNumber)
    .option("--window <seconds>", ".onnx: length of its input", positiveNumber)
    .addOption(
      new Option(
        "--output <kind>",
        ".onnx: its answers are probabilities, or the numbers before a sigmoid or softmax",
      ).choices(["probability", "logit"]),
    )
    .option(
      "--seizure-class <i>",
      ".onnx: class that means seizure, where the second axis of its output is classes",
      classIndex,
    )
    .option("--json", "print one JSON document")
    .addHelpText("after", IMPORT_HELP)
    .action(action(importFile));
}

const HELP = `
The input of the model is windows as stored in the cache: filtered, resampled, in units of standard deviation.
The metadata of the file say channels, rate, window and output, as ictal model import reads them.

Example:
  ictal model export --checkpoint results/smoke --out detector.onnx --samples 15360`;

/** Adds `ictal model list|summary|import|export`. */
export function addModelCommand(program: Command): void {
  const model = program.command("model").description("list, summarize, import and export detectors");
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
  addImport(model);
  model
    .command("export")
    .description("export a trained detector as an ONNX file")
    .requiredOption(
      "--checkpoint <path>",
      "a .safetensors file, a checkpoint, or the folder of a run or imported model",
    )
    .option("--config <file>", "configuration with the model of weights that do not name theirs (YAML)")
    .requiredOption("--out <file>", "the .onnx file to write")
    .requiredOption("--samples <n>", "samples of a window, fixed in the file", positive)
    .option("--batch-size <n>", "windows per run, fixed in the file", positive, 1)
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action(action(exportModel));
}
