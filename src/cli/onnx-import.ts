/** A network of others in an ONNX file as a detector's folder. */
import { basename, extname, join, resolve } from "node:path";
import { type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { FormatError } from "@ictal/base/errors";
import { z } from "zod";
import { describeCache } from "../cache/describe.js";
import { windowSamplesOf } from "../config/detector-origin.js";
import { chainFromConfig } from "../config/layer-options.js";
import { type LoadedConfig, parseConfig } from "../config/load-config.js";
import { detectorConfigText } from "../config/own-config.js";
import { DEFAULT_CHAIN } from "../signal/chain-options.js";
import { openOnnxFile } from "../tensor/onnx-file.js";
import { describeForeign, writeForeign } from "../training/foreign-network.js";
import { rowsOf } from "../training/open-foreign.js";
import { CONFIG_FILE } from "./checkpoint-config.js";
import { readConfig } from "./data-options.js";
import { type ImportFlags, nextSteps, strideSet } from "./import-flags.js";

const number = z.string().transform(Number).pipe(z.number().positive());

/** What an ONNX file may say of itself in its metadata, as texts. */
const metadataSchema = z.object({
  channels: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .optional(),
  sample_rate_hz: number.optional(),
  window_seconds: number.optional(),
  output: z.enum(["probability", "logit"]).optional(),
  seizure_class: z.string().transform(Number).pipe(z.int().min(0)).optional(),
});

type Kind = NonNullable<ImportFlags["output"]>;
type Named = "channels" | "rate" | "window" | "output" | "seizureClass";
type Declared = { readonly [K in Named]?: ImportFlags[K] | undefined };

const NAMED = new Map<string, Kind>([
  ["probability", "probability"],
  ["probabilities", "probability"],
  ["logit", "logit"],
  ["logits", "logit"],
]);

/** Throws a UsageError where the flag contradicts the kind of answers that the file's metadata or the name of its output say. */
function checkOutput(file: string, flag: Kind | undefined, own: Kind | undefined, name: string): void {
  const said = own ?? NAMED.get(name.toLowerCase());
  if (flag === undefined || said === undefined || flag === said) return;
  const source = own === undefined ? `its output is named ${name}` : `its metadata say output ${own}`;
  throw new UsageError(
    `--output ${flag} contradicts ${file}: ${source}; give --output ${said}, or none where metadata say it`,
  );
}

/** What flags and, where they are silent, the file's metadata say. */
async function declaredOf(file: string, bytes: Uint8Array, flags: ImportFlags): Promise<Declared> {
  const { metadata, outputs, dispose } = await openOnnxFile(bytes, file);
  await dispose();
  const parsed = metadataSchema.safeParse(metadata);
  const [issue] = parsed.error?.issues ?? [];
  if (issue) {
    const field = issue.path.join(".");
    throw new FormatError(`invalid metadata ${field}: ${metadata[field]}; ${issue.message}`, { file, field });
  }
  const own = parsed.data ?? {};
  checkOutput(file, flags.output, own.output, outputs[0]?.name ?? "");
  const given = { channels: own.channels, rate: own.sample_rate_hz, window: own.window_seconds, output: own.output };
  const flagged = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  return { ...given, seizureClass: own.seizure_class, ...flagged };
}

/** Where no configuration says the preprocessing, the default one as far as the rate carries it. */
function bandOf({ rate }: Declared): string[] {
  const { highCutHz, lowCutHz, notchHz } = DEFAULT_CHAIN;
  const highest = 0.45 * (rate ?? DEFAULT_CHAIN.targetRateHz);
  return [
    ...(highCutHz > highest ? [`preprocessing.bandpass=[${lowCutHz}, ${highest}]`] : []),
    ...(notchHz !== null && notchHz > highest ? ["preprocessing.notch_freq=0"] : []),
  ];
}

/** Declared values as overrides of the configuration. */
function setsOf({ rate, window }: Declared): string[] {
  return [
    ...(rate === undefined ? [] : [`data.sampling_rate=${rate}`]),
    ...(window === undefined ? [] : [`data.window_size=${window}`]),
  ];
}

const WITHOUT_CONFIG = "data: { sample_type: float32 }\n";

async function configured({ config: file }: ImportFlags, set: readonly string[]): Promise<LoadedConfig> {
  return file === undefined ? parseConfig(WITHOUT_CONFIG, "(flags)", { set }) : readConfig(file, { set });
}

/**
 * Import a foreign network: it is tried on zeros, and what was declared is stored beside it. Throws a UsageError without the kind of
 * its answers, rate or window; a ConfigError for channels that its preprocessing does not give; a FormatError where it does not fit.
 */
export async function importOnnx(file: string, bytes: Uint8Array, flags: ImportFlags): Promise<Outcome> {
  const declared = await declaredOf(file, bytes, flags);
  const needed = [
    ["--output probability|logit", declared.output],
    ["--rate HZ", declared.rate ?? flags.config],
    ["--window SECONDS", declared.window ?? flags.config],
  ];
  const missing = needed.filter(([, value]) => value === undefined).map(([flag]) => flag);
  if (missing.length > 0 || declared.output === undefined)
    throw new UsageError(`${file} does not say what it takes and gives: give ${missing.join(", ")}`);
  const set = [...(flags.config === undefined ? bandOf(declared) : []), ...(flags.set ?? []), ...setsOf(declared)];
  const loaded = await configured(flags, set);
  const chain = chainFromConfig(loaded.config);
  const cache = describeCache(chain, loaded.config.data.sample_type);
  const channels = declared.channels ?? cache.channels;
  rowsOf(channels, cache.channels);
  const network = await describeForeign(bytes, file, {
    name: flags.model ?? basename(file, extname(file)),
    channels,
    sampleRateHz: cache.sampleRateHz,
    windowSamples: windowSamplesOf(loaded.config),
    answers: declared.output,
    seizureClass: declared.seizureClass ?? null,
    cacheKey: cache.key,
  });
  const dir = resolve(flags.out);
  await writeForeign(dir, bytes, network);
  await writeFileAtomic(
    join(dir, CONFIG_FILE),
    detectorConfigText(
      await configured(flags, [...set, strideSet(loaded, network)]),
      `Of ${basename(file)}, by ictal model import.`,
    ),
  );
  const { windowSamples, sampleRateHz, outputStrideSamples, batchSize, seizureClass } = network;
  const text = [
    `${network.name} of ${file} in ${flags.out}`,
    `windows of ${windowSamples / sampleRateHz} s at ${sampleRateHz} Hz of ${channels.length} channels: ${channels.join(" ")}`,
    `${network.answers} of ${seizureClass === null ? "seizure" : `class ${seizureClass}`} for every ${outputStrideSamples / sampleRateHz} s; ${batchSize ?? "any number of"} windows a run`,
    `preprocessing: ${chain.lowCutHz} to ${chain.highCutHz} Hz, ${chain.notchHz === null ? "no notch" : `notch at ${chain.notchHz} Hz`}, ${chain.normalize ? "standard deviations" : "microvolts"}; all of it in ${join(flags.out, CONFIG_FILE)}`,
    ...nextSteps(flags.out),
  ];
  return { json: { ...network, out: dir }, text: text.join("\n") };
}
