/** `ictal model import`: weights or a network of others become a folder that predict, detect and score take. */
import { readFile, stat } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { NotFoundError } from "@ictal/base/errors";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify } from "@ictal/base/printable";
import { explainReadError } from "@ictal/base/read-fault";
import { detectorOrigin } from "../config/detector-origin.js";
import { importPreset } from "../config/import-presets.js";
import { type LoadedConfig, parseConfig } from "../config/load-config.js";
import { detectorConfigText } from "../config/own-config.js";
import { createDetector, unknownDetector } from "../model/detector.js";
import { readTorchFile } from "../model/import-torch.js";
import { matchWeights, parseNameRule, readSafetensorsFile, type WeightsReport } from "../model/import-weights.js";
import { DETECTOR_NAMES } from "../model/registry.js";
import { saveSafetensors } from "../model/safetensors.js";
import { storedTensors } from "../model/weights.js";
import { MODEL_FILE } from "../training/checkpoint-folder.js";
import { sealedMetadata } from "../training/weights-origin.js";
import { CONFIG_FILE } from "./checkpoint-config.js";
import { readConfig } from "./data-options.js";
import { type ImportFlags, nextSteps, strideSet } from "./import-flags.js";
import { importOnnx } from "./onnx-import.js";

const READERS = { ".safetensors": readSafetensorsFile, ".pth": readTorchFile, ".pt": readTorchFile } as const;

const ENDINGS = [...Object.keys(READERS), ".onnx"].join(", ");

/** Flags that only one kind of file takes. */
function refuseFlags(flags: ImportFlags, names: readonly (keyof ImportFlags)[], kind: string): void {
  const given = names.filter((name) => flags[name] !== undefined);
  if (given.length === 0) return;
  const listed = given.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`).join(", ");
  throw new UsageError(`${listed}: only for ${kind}`);
}

/** The configuration of the weights: the given one, else the preset of the detector. */
async function configFor(
  model: string,
  { config: file, set = [] }: ImportFlags,
  strides: readonly string[] = [],
): Promise<LoadedConfig> {
  const sets = [...set, `model.name=${model}`, ...strides];
  if (file === undefined) return parseConfig(importPreset(model), `the preset of ${model}`, { set: sets });
  return readConfig(file, { set: sets });
}

function reportText({ matched, renamed, unneeded, converted }: WeightsReport): string[] {
  const types = Object.entries(converted).map(([type, count]) => `${count} of ${type}`);
  const [first] = renamed;
  return [
    `${matched} tensors match${types.length > 0 ? `, of which ${types.join(", ")} became float32` : ""}`,
    ...(first ? [`${renamed.length} renamed, as ${first[0]} to ${first[1]}`] : []),
    ...(unneeded.length > 0 ? [`${unneeded.length} not needed, as ${unneeded[0]}`] : []),
  ];
}

async function importWeights(file: string, flags: ImportFlags, signal: AbortSignal): Promise<Outcome> {
  const { model: name, out } = flags;
  if (name === undefined)
    throw new UsageError(`give --model, the detector of the weights: ${DETECTOR_NAMES.join(", ")}`);
  if (!DETECTOR_NAMES.includes(name)) throw unknownDetector(name);
  const read = READERS[extname(file).toLowerCase() as keyof typeof READERS]; // importModel has checked the ending
  const loaded = await configFor(name, flags);
  if (loaded.notice) notify(`ictal: ${loaded.notice}`);
  const origin = detectorOrigin(loaded.config);
  const detector = createDetector(origin.model);
  const found = await read(file, { signal });
  const { values, report } = matchWeights(detector, found, file, (flags.map ?? []).map(parseNameRule));
  const dir = resolve(out);
  const specs = [...detector.parameters, ...detector.buffers];
  const { outputStrideSamples } = detector;
  const strided = await configFor(name, flags, [strideSet(loaded, { ...origin, outputStrideSamples })]);
  const tensors = storedTensors(specs, values);
  await saveSafetensors(join(dir, MODEL_FILE), tensors, sealedMetadata(origin, tensors), { signal });
  await writeFileAtomic(
    join(dir, CONFIG_FILE),
    detectorConfigText(strided, `Of ${basename(file)}, by ictal model import.`),
  );
  const seconds = origin.windowSamples / origin.sampleRateHz;
  const text = [
    `${name} of ${file}${found.nest === "" ? "" : ` (its ${found.nest})`} in ${out}`,
    ...reportText(report),
    `windows of ${seconds} s at ${origin.sampleRateHz} Hz of ${origin.channels.length} channels: ${origin.channels.join(" ")}`,
    `preprocessing: preset ${loaded.config.preprocessing.preset}; all of it in ${join(out, CONFIG_FILE)}`,
    ...nextSteps(out),
  ];
  return {
    json: { out: dir, model: name, nest: found.nest, ignored: found.ignored, ...report, origin },
    text: text.join("\n"),
  };
}

/** Import a file of weights or a network as the folder `--out`. */
export async function importModel(file: string, flags: ImportFlags): Promise<Outcome> {
  const ending = extname(file).toLowerCase();
  if ((await stat(file).catch(() => undefined))?.isDirectory())
    throw new NotFoundError(`${file} is a folder; give a file of weights, ${ENDINGS}`, file);
  if (ending !== ".onnx" && !(ending in READERS))
    throw new UsageError(`${file} has the extension "${ending}"; expected one of ${ENDINGS}`);
  return withInterrupt("nothing was written", async (signal) => {
    if (ending !== ".onnx") {
      refuseFlags(
        flags,
        ["channels", "rate", "window", "output", "seizureClass"],
        "ONNX files; weights have them in --config",
      );
      return importWeights(file, flags, signal);
    }
    refuseFlags(flags, ["map"], "weights");
    const bytes = await readFile(file, { signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw explainReadError(error, file, `no network at ${file}; check the path`);
    });
    return importOnnx(file, bytes, flags);
  });
}
