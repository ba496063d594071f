import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { writeFileAtomic } from "../base/atomic-file.js";
import { sha256 } from "../base/canonical.js";
import { exportOnnx } from "../model/export-onnx.js";
import { loadWeights } from "../training/load-weights.js";
import { action, type Outcome } from "./action.js";

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

const HELP = `
The file holds weights and computation; windows enter as the cache holds them (filtered, resampled, in standard deviations).

Example:
  ictal model export --checkpoint results/smoke --out detector.onnx --samples 15360`;

/** Adds `ictal model`. */
export function addModelCommand(program: Command): void {
  const model = program.command("model").description("trained detectors for use elsewhere");
  model
    .command("export")
    .description("a detector with its weights as one .onnx file that any ONNX runtime runs")
    .requiredOption("--checkpoint <path>", "a .safetensors file, a checkpoint folder, or a run's folder")
    .requiredOption("--out <file>", "the .onnx file to write")
    .requiredOption("--samples <n>", "samples of a window, fixed in the file", positive)
    .option("--batch-size <n>", "windows per run, fixed in the file", positive, 1)
    .option("--json", "print one JSON document")
    .addHelpText("after", HELP)
    .action(action(exportModel));
}
