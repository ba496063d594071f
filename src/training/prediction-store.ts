/** Predictions on disk: per recording a file of little-endian numbers and a JSON sidecar, written last. */
import { access, readFile } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson, sha256 } from "@ictal/base/canonical";
import { CacheError, FormatError, NotFoundError, UnsupportedError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import { sealed, unsealed } from "../base/seal.js";
import { listFiles, recordingStem } from "../cache/paths.js";
import { decodeFloat16, encodeFloat16 } from "./float16.js";
import { improbableAt, type RecordingPrediction } from "./predict.js";

const sidecarSchema = z.object({
  formatVersion: z.literal(1),
  id: z.string().min(1),
  rateHz: z.number().positive(),
  valueCount: z.int().min(0),
  /** Values that were predicted, in a recording with gaps. */
  segments: z.array(z.object({ start: z.int().min(0), end: z.int().min(1) })).optional(),
  type: z.enum(["float16", "float32"]),
  /** SHA-256 of the weights. */
  checkpointHash: z.string(),
  cacheKey: z.string(),
  /** SHA-256 of the calibration that corrected the values; absent where none did. */
  calibrationHash: z.string().optional(),
  /** SHA-256 of the values' bytes; version 0.1 wrote none. */
  valuesHash: z.string().optional(),
  /** SHA-256 of the rest of the sidecar; version 0.1 wrote none. */
  checksum: z.string().optional(),
});

/** What is known of a stored prediction besides its values. */
export type PredictionSidecar = z.infer<typeof sidecarSchema>;

/** Where a prediction comes from and how it is stored. */
export type PredictionOrigin = Pick<PredictionSidecar, "checkpointHash" | "cacheKey" | "type" | "calibrationHash">;

interface SignalOption {
  readonly signal?: AbortSignal | undefined;
}

const ENDING = { float16: ".f16", float32: ".f32" } as const;

/** Endings of the files of values. */
export const VALUE_ENDINGS: readonly string[] = Object.values(ENDING);

function requireLittleEndian(): void {
  if (endianness() !== "LE")
    throw new UnsupportedError("prediction files are little-endian; this machine is big-endian");
}

/** Store one prediction under `dir`; equal predictions give equal bytes. float16 keeps three decimals of a probability. */
export async function writePrediction(
  dir: string,
  prediction: RecordingPrediction,
  origin: PredictionOrigin,
  { signal }: SignalOption = {},
): Promise<void> {
  signal?.throwIfAborted();
  requireLittleEndian();
  const { id, rateHz, probability, segments } = prediction;
  const values = origin.type === "float16" ? encodeFloat16(probability) : probability;
  const stem = join(dir, recordingStem(id));
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  await writeFileAtomic(`${stem}${ENDING[origin.type]}`, bytes);
  const counts = { rateHz, valueCount: probability.length, valuesHash: sha256(bytes) };
  const ranges = segments && { segments: [...segments] };
  const sidecar: PredictionSidecar = { formatVersion: 1, id, ...counts, ...ranges, ...origin };
  await writeFileAtomic(`${stem}.json`, `${canonicalJson(sealed(sidecar))}\n`);
}

/** The sidecar of a prediction; undefined for the JSON of anything else, as that of detections. */
export function predictionSidecarOf(text: string): PredictionSidecar | undefined {
  try {
    const parsed = sidecarSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Throws a FormatError when a sidecar is not as it was written; those of version 0.1 have nothing to tell it by. */
function checkSealed({ checksum, ...rest }: PredictionSidecar, file: string, advice: string): void {
  if (checksum !== undefined) unsealed({ ...rest, checksum }, file, advice);
}

async function readStored(
  dir: string,
  stem: string,
  { signal }: SignalOption,
): Promise<RecordingPrediction & { readonly sidecar: PredictionSidecar }> {
  signal?.throwIfAborted();
  requireLittleEndian();
  const file = join(dir, `${stem}.json`);
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new NotFoundError(`no prediction at ${file}`, file, { cause: error });
  });
  const advice = "remove it and predict again";
  const sidecar = parseJson(sidecarSchema, text, file, `it is not the sidecar of a prediction; ${advice}`);
  if (recordingStem(sidecar.id) !== stem)
    throw new FormatError(`it is the sidecar of ${sidecar.id}, not of this recording; ${advice}`, {
      file,
      field: "id",
    });
  checkSealed(sidecar, file, advice);
  const path = join(dir, `${stem}${ENDING[sidecar.type]}`);
  const bytes = await readFile(path).catch((error: Error) => {
    const message = `no values at ${path}, which ${file} names: ${error.message}; predict again`;
    throw new CacheError(message, { found: "nothing", expected: path }, { cause: error }); // half of it is no "not found"
  });
  const width = sidecar.type === "float16" ? 2 : 4;
  if (bytes.length !== sidecar.valueCount * width) {
    throw new CacheError(
      `${path} has ${bytes.length} bytes, its sidecar says ${sidecar.valueCount} values of ${width}; predict again`,
      {
        found: bytes.length,
        expected: sidecar.valueCount * width,
      },
    );
  }
  if (sidecar.valuesHash !== undefined && sidecar.valuesHash !== sha256(bytes)) {
    const message = `${path} does not hold the bytes that its sidecar tells of; predict again`;
    throw new CacheError(message, { found: sha256(bytes), expected: sidecar.valuesHash });
  }
  const buffer = new Uint8Array(bytes).buffer; // a copy, aligned
  const probability = width === 2 ? decodeFloat16(new Uint16Array(buffer)) : new Float32Array(buffer);
  const odd = improbableAt(probability);
  if (odd >= 0) {
    const message = `${path} holds ${probability[odd]} at ${odd}, which is no probability; predict again`;
    throw new CacheError(message, { found: probability[odd], expected: "0 to 1" });
  }
  const { id, rateHz, segments } = sidecar;
  return { id, rateHz, probability, ...(segments && { segments }), sidecar };
}

/**
 * Read the stored prediction of a recording. NotFoundError when there is none, FormatError when its sidecar and CacheError
 * when its values are damaged.
 */
export function readPrediction(
  dir: string,
  id: string,
  options: SignalOption = {},
): Promise<RecordingPrediction & { readonly sidecar: PredictionSidecar }> {
  return readStored(dir, recordingStem(id), options);
}

/** Whether a prediction of a recording lies under `dir`; it is not read. */
export function hasPrediction(dir: string, id: string): Promise<boolean> {
  return access(join(dir, `${recordingStem(id)}.json`)).then(
    () => true,
    () => false,
  );
}

/** Detections of `predict --events --format json` lie in the same folder as the predictions. */
async function isDetections(file: string): Promise<boolean> {
  try {
    return "events" in JSON.parse(await readFile(file, "utf8"));
  } catch {
    return false; // read as a prediction, it says what is wrong with it
  }
}

/** All stored predictions under `dir`, by id; files of detections beside them are passed over. */
export async function* readPredictions(
  dir: string,
  options: SignalOption = {},
): AsyncGenerator<RecordingPrediction & { readonly sidecar: PredictionSidecar }> {
  for (const file of await listFiles(dir, [".json"]))
    if (!(await isDetections(join(dir, file)))) yield await readStored(dir, file.slice(0, -".json".length), options);
}
