/**
 * A detector that is another's network in an ONNX file: a folder with the file as it came (`model.onnx`) and what was declared of it
 * (`network.json`). Ictal has no parameters of it: it predicts and detects, and cannot be trained.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson, sha256 } from "@ictal/base/canonical";
import { FormatError, NotFoundError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import { sealed, unsealed } from "../base/seal.js";
import { type OnnxFile, type OnnxValue, openOnnxFile } from "../tensor/onnx-file.js";
import { checkDigest } from "./checkpoint.js";

export const NETWORK_FILE = "network.json";
export const ONNX_FILE = "model.onnx";

const networkSchema = z.strictObject({
  formatVersion: z.literal(1),
  name: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hexadecimal digits"),
  input: z.string().min(1),
  output: z.string().min(1),
  answers: z.enum(["probability", "logit"]),
  seizureClass: z.int().min(0).nullable(),
  channels: z.array(z.string().min(1)).min(1),
  windowSamples: z.int().min(1),
  sampleRateHz: z.number().positive(),
  outputStrideSamples: z.int().min(1),
  batchSize: z.int().min(1).nullable(),
  cacheKey: z.string().min(1),
});

const fileSchema = networkSchema.extend({ checksum: z.string() });

/** What was declared and found of a foreign network. `batchSize` is null where the file leaves it free. */
export type ForeignNetwork = z.infer<typeof networkSchema>;

/** What a user declares of a network. */
export interface ForeignDeclaration {
  readonly name: string;
  /** Channels in the order of its input. */
  readonly channels: readonly string[];
  readonly sampleRateHz: number;
  readonly windowSamples: number;
  /** Whether it answers with probabilities or with the numbers before a sigmoid (or, with classes, a softmax). */
  readonly answers: "probability" | "logit";
  /** The class that means seizure, where the second axis of the output is classes; null without classes. */
  readonly seizureClass: number | null;
  readonly cacheKey: string;
}

const shapeText = (shape: readonly (number | string)[]) => `[${shape.join(", ")}]`;

function unfit(file: string, message: string): never {
  throw new FormatError(message, { file });
}

/** Throws a FormatError unless the input takes [batch, channels, samples]; the length of the batch, null where it is free. */
function checkInput(file: string, inputs: readonly OnnxValue[], declared: ForeignDeclaration): number | null {
  const { channels, windowSamples } = declared;
  const [input] = inputs;
  if (!input || inputs.length > 1)
    return unfit(
      file,
      `${inputs.length} inputs (${inputs.map(({ name }) => name).join(", ")}); expected one of shape [batch, channels, samples]`,
    );
  const expected = `[batch, ${channels.length} channels, ${windowSamples} samples]`;
  if (input.type !== "float32" || input.shape.length !== 3)
    unfit(file, `input ${input.name} is ${input.type} ${shapeText(input.shape)}; expected float32 ${expected}`);
  const [batch, channelCount, samples] = input.shape;
  const differs = (found: number | string | undefined, wanted: number) =>
    typeof found === "number" && found > 0 && found !== wanted;
  if (differs(channelCount, channels.length) || differs(samples, windowSamples))
    unfit(
      file,
      `input ${input.name} takes ${shapeText(input.shape)}; ${expected} were declared: mend --channels, --rate or --window`,
    );
  return typeof batch === "number" && batch > 0 ? batch : null;
}

/** Values per window of an output of that shape, classes excluded. */
function valuesPerWindow(file: string, shape: readonly number[], { seizureClass }: ForeignDeclaration): number {
  const [, classes = 1] = shape;
  const total = shape.slice(1).reduce((product, length) => product * length, 1);
  if (seizureClass === null) return total;
  if (shape.length < 2 || seizureClass >= classes)
    return unfit(
      file,
      `its output ${shapeText(shape)} has no class ${seizureClass} on its second axis; mend --seizure-class`,
    );
  return total / classes;
}

/** Samples per value; a network with one value a window gives it for each second of it, so that windows may overlap. */
function strideOf(file: string, values: number, shape: readonly number[], declared: ForeignDeclaration): number {
  const { windowSamples, sampleRateHz, seizureClass } = declared;
  if (values === 1) {
    const second = Math.round(sampleRateHz);
    return windowSamples % second === 0 ? second : windowSamples;
  }
  if (values > 0 && windowSamples % values === 0) return windowSamples / values;
  const advice = seizureClass === null ? "; where its second axis is classes, give --seizure-class" : "";
  return unfit(
    file,
    `its output ${shapeText(shape)} has ${values} values for ${windowSamples} samples, expected a divisor of them${advice}`,
  );
}

/** What a network answers for zeros: the form of its output, which files need not say. */
async function probe(onnx: OnnxFile, file: string, declared: ForeignDeclaration, batchSize: number) {
  const { channels, windowSamples } = declared;
  const shape = [batchSize, channels.length, windowSamples];
  const [input, output] = [onnx.inputs[0]?.name ?? "", onnx.outputs[0]?.name ?? ""];
  const zeros = new Float32Array(batchSize * channels.length * windowSamples);
  const answer = await onnx.run(input, zeros, shape, output).catch((error: Error) => {
    throw new FormatError(
      `it cannot run on windows of ${shapeText(shape)}: ${error.message}`,
      { file },
      { cause: error },
    );
  });
  if (answer.shape[0] !== batchSize)
    unfit(file, `its output ${shapeText(answer.shape)} does not begin with the batch of ${batchSize}`);
  return { input, output, shape: answer.shape };
}

/** Try a network on zeros of the declared form. Throws a FormatError that says what does not fit. */
export async function describeForeign(
  bytes: Uint8Array,
  file: string,
  declared: ForeignDeclaration,
): Promise<ForeignNetwork> {
  const onnx = await openOnnxFile(bytes, file);
  try {
    const fixed = checkInput(file, onnx.inputs, declared);
    const { input, output, shape } = await probe(onnx, file, declared, fixed ?? 1);
    const values = valuesPerWindow(file, shape, declared);
    return {
      formatVersion: 1,
      ...declared,
      channels: [...declared.channels],
      sha256: sha256(bytes),
      ...{ input, output },
      outputStrideSamples: strideOf(file, values, shape, declared),
      batchSize: fixed,
    };
  } finally {
    await onnx.dispose();
  }
}

/** Write the folder of a foreign network: the file as it came, and what was declared of it. */
export async function writeForeign(dir: string, bytes: Uint8Array, network: ForeignNetwork): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFileAtomic(join(dir, ONNX_FILE), bytes);
  await writeFileAtomic(join(dir, NETWORK_FILE), `${canonicalJson(sealed(network))}\n`);
}

/** The network of a folder and its bytes. Throws a FormatError when either is not as it was written. */
export async function readForeign(dir: string): Promise<{ network: ForeignNetwork; bytes: Uint8Array; path: string }> {
  const [about, path] = [join(dir, NETWORK_FILE), join(dir, ONNX_FILE)];
  const advice = "import the network again";
  const network = unsealed(parseJson(fileSchema, await readFile(about, "utf8"), about, advice), about, advice);
  const bytes = await readFile(path).catch((error: Error) => {
    throw new NotFoundError(`${path} cannot be read: ${error.message}; import the network again`, path, {
      cause: error,
    });
  });
  checkDigest(path, sha256(bytes), network.sha256);
  if (network.windowSamples % network.outputStrideSamples !== 0)
    throw new FormatError(`invalid outputStrideSamples: ${network.outputStrideSamples}; import the network again`, {
      file: about,
    });
  return { network, bytes, path };
}
