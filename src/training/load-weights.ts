import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sha256 } from "@ictal/base/canonical";
import { FormatError, NotFoundError, UnsupportedError } from "@ictal/base/errors";
import { explainReadError } from "@ictal/base/read-fault";
import { memberOf } from "../base/lookup.js";
import { createDetector, type Detector } from "../model/detector.js";
import type { ParameterValues } from "../model/parameters.js";
import { decodeSafetensors, readSafetensorsMetadata } from "../model/safetensors.js";
import { detectorValues } from "../model/weights.js";
import { checkDigest, checkpointDigests, readCheckpointState } from "./checkpoint.js";
import {
  AVERAGE_FILE,
  checkpointDir,
  listCheckpoints,
  MODEL_FILE,
  OPTIMIZER_FILE,
  STATE_FILE,
  stepOf,
} from "./checkpoint-folder.js";
import type { StoredState, WeightsOrigin } from "./checkpoint-state.js";
import { NETWORK_FILE } from "./foreign-network.js";
import { originOf, requireSameOrigin, requireSealed } from "./weights-origin.js";

/** Weights for prediction. */
export interface LoadedWeights {
  readonly detector: Detector;
  readonly values: ParameterValues;
  readonly origin: WeightsOrigin;
  /** SHA-256 of the weights file. */
  readonly hash: string;
  readonly path: string;
}

export interface LoadWeightsOptions {
  /** What the weights were trained for, for files that do not say so themselves. */
  readonly origin?: WeightsOrigin | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Steps of a run's checkpoints, for messages. */
const listed = (steps: readonly number[]): string =>
  steps.map((step) => `step-${String(step).padStart(8, "0")}`).join(", ");

/** The checkpoint that a run's newest says is the best, or the newest where none was chosen. */
async function bestCheckpoint(runDir: string): Promise<string> {
  const steps = await listCheckpoints(runDir);
  const newest = steps.at(-1);
  if (newest === undefined)
    throw new NotFoundError(
      `no checkpoint in ${runDir}; give the folder of a run or a checkpoint that ictal train wrote, or a .safetensors file`,
      runDir,
    );
  const dir = checkpointDir(runDir, newest);
  const stored = await readCheckpointState(dir);
  await checkpointDigests(dir, stored);
  const step = stored.state.best?.step ?? newest;
  if (steps.includes(step)) return checkpointDir(runDir, step);
  const best = checkpointDir(runDir, step);
  throw new NotFoundError(`${best}, the best checkpoint of the run, was deleted; name one of ${listed(steps)}`, best);
}

const CHECKPOINT_FILES = [AVERAGE_FILE, MODEL_FILE, STATE_FILE];

/** The path, unless its name says that it is a file of another kind: UnsupportedError. */
function refuseForeign(path: string): string {
  const [ending] = /\.(?:pth|pt|ckpt|bin|onnx)$/i.exec(path) ?? [];
  if (ending === undefined) return path;
  if (
    ending.toLowerCase() === ".onnx" &&
    basename(path) === "model.onnx" &&
    existsSync(join(dirname(path), NETWORK_FILE))
  )
    throw new UnsupportedError(`${path} is another's network, of which Ictal has no weights: copy that file itself`);
  throw new UnsupportedError(
    `${path} is no checkpoint of Ictal; import it first: ictal model import ${basename(path)} --model NAME --out DIR`,
  );
}

/** The weights file that a path means: itself, that of a checkpoint folder, or of a run's best or newest checkpoint. */
async function weightsPath(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found)
    throw new NotFoundError(`no checkpoint at ${path}; give a run, a checkpoint or a .safetensors file`, path);
  if (!found.isDirectory()) return refuseForeign(path);
  const names = await readdir(path);
  if (names.includes(NETWORK_FILE)) refuseForeign(join(path, "model.onnx"));
  if (!CHECKPOINT_FILES.some((name) => names.includes(name))) return weightsPath(await bestCheckpoint(path));
  const file = join(path, names.includes(AVERAGE_FILE) ? AVERAGE_FILE : MODEL_FILE);
  const isOfRun = stepOf(basename(path)) !== undefined || names.includes(OPTIMIZER_FILE); // else a folder made to deploy
  if (isOfRun && !names.includes(STATE_FILE))
    throw new NotFoundError(
      `${path} has no ${STATE_FILE}, so nothing tells whether its weights are whole; restore it, or name the file to take as it is: ${file}`,
      join(path, STATE_FILE),
    );
  return file;
}

/** Weights that lie in a checkpoint have to be the bytes that it was written with. Returns its state; undefined outside of one. */
async function checkWritten(file: string, hash: string): Promise<StoredState | undefined> {
  const dir = dirname(file);
  const name = basename(file);
  const isOfCheckpoint = name === MODEL_FILE || name === AVERAGE_FILE;
  if (!isOfCheckpoint || !(await readdir(dir)).includes(STATE_FILE)) return undefined;
  const written = await readCheckpointState(dir);
  const digests = await checkpointDigests(dir, written);
  checkDigest(file, hash, digests[name]);
  return written;
}

/**
 * What the weights at `path`, as `loadWeights` takes it, were trained for: the head of the file is read, not the weights.
 * Undefined where the file does not say.
 */
export async function readWeightsOrigin(path: string): Promise<WeightsOrigin | undefined> {
  const file = await weightsPath(path);
  const metadata = await readSafetensorsMetadata(file);
  return metadata.ictal === undefined ? undefined : originOf({ metadata }, file);
}

/** SHA-256 of the weights that the folder of a run means, as `loadWeights` gives it; its state tells it, the weights are not read. */
export async function weightsHashOfRun(runDir: string): Promise<string> {
  const file = await weightsPath(await bestCheckpoint(runDir));
  const dir = dirname(file);
  const digests = await checkpointDigests(dir, await readCheckpointState(dir));
  return memberOf(digests, basename(file));
}

/** Throws a FormatError when the weights' origin does not fit the network that it names. */
function checkOrigin({ channels, windowSamples }: WeightsOrigin, detector: Detector, file: string): void {
  const fail = (field: string, message: string) => {
    throw new FormatError(`invalid ${field}: ${message}`, { file, field });
  };
  if (channels.length !== detector.inputChannels)
    fail("channels", `${channels.length}; ${detector.name} takes ${detector.inputChannels}`);
  if (windowSamples % detector.lengthMultiple !== 0)
    fail("windowSamples", `${windowSamples}; ${detector.name} takes multiples of ${detector.lengthMultiple}`);
}

/**
 * Load the weights at `path`: a .safetensors file, a checkpoint folder, or a run folder (its best checkpoint). Averaged
 * weights are preferred where there are some; weights of a checkpoint have to be those that it was written with, so that a
 * run's checkpoint without its state is refused: NotFoundError. `origin` stands in for files that do not carry their own.
 */
export async function loadWeights(path: string, { origin, signal }: LoadWeightsOptions = {}): Promise<LoadedWeights> {
  signal?.throwIfAborted();
  const file = await weightsPath(path);
  const bytes = await readFile(file, { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw explainReadError(error, file, `no weights at ${file}; check the path`);
  });
  const hash = sha256(bytes);
  const written = await checkWritten(file, hash);
  const stored = decodeSafetensors(bytes, file);
  if (written) requireSameOrigin(stored, file, written);
  else requireSealed(stored, file);
  const known = stored.metadata.ictal === undefined ? (origin ?? originOf(stored, file)) : originOf(stored, file);
  const detector = createDetector(known.model);
  checkOrigin(known, detector, file);
  const values = detectorValues(detector, stored, file);
  return { detector, values, origin: known, hash, path: file };
}
