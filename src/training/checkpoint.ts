import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { commitFile, temporaryName, writeFileAtomic } from "@ictal/base/atomic-file";
import { canonicalJson } from "@ictal/base/canonical";
import { CacheError, FormatError, NotFoundError } from "@ictal/base/errors";
import { z } from "zod";
import { memberOf } from "../base/lookup.js";
import { parseJson } from "../base/parse-json.js";
import type { Detector } from "../model/detector.js";
import type { ParameterSpec, ParameterValues } from "../model/parameters.js";
import { loadSafetensors, type SafetensorsFile, type StoredTensor, saveSafetensors } from "../model/safetensors.js";
import { detectorValues, requireFinite, storedTensors } from "../model/weights.js";
import { AVERAGE_FILE, checkpointDir, MODEL_FILE, OPTIMIZER_FILE, STATE_FILE, stepOf } from "./checkpoint-folder.js";
import {
  type CheckpointFile,
  type CheckpointState,
  parseState,
  type StoredState,
  sealState,
  type WeightsOrigin,
} from "./checkpoint-state.js";
import type { OptimizerState } from "./train-program.js";
import { requireSameOrigin } from "./weights-origin.js";

/*
 * A checkpoint is a folder `<run>/checkpoints/step-00000100` of
 *   model.safetensors      parameters and running statistics by their PyTorch names
 *   average.safetensors    averaged weights in the same form, where a run keeps them
 *   optimizer.safetensors  moments, as `exp_avg.<name>` and `exp_avg_sq.<name>`
 *   state.json             everything else a run needs to go on, with size and SHA-256 of those files and of itself
 * Version 0.1 kept the SHA-256 of the files, which never change once written, in checksums.json, and none of the state.
 * It is written under another name and renamed whole. No file holds a time or a path, so equal runs give equal bytes.
 */

const CHECKSUM_FILE = "checksums.json";

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What a file of weights says of itself. */
export function weightsMetadata(origin: WeightsOrigin): Record<string, string> {
  return { format: "pt", ictal: canonicalJson(origin) };
}

function moments(specs: readonly ParameterSpec[], state: OptimizerState): Record<string, StoredTensor> {
  const named = (prefix: string, values: ParameterValues) =>
    Object.entries(storedTensors(specs, values)).map(([name, tensor]) => [`${prefix}.${name}`, tensor] as const);
  return Object.fromEntries([...named("exp_avg", state.first), ...named("exp_avg_sq", state.second)]);
}

/**
 * Write a checkpoint so that a reader sees it whole or not at all, and return the path of its weights. Where the run has
 * one of the same step, only its state is replaced: the tensors of a step are always the same.
 */
export async function writeCheckpoint(
  runDir: string,
  detector: Detector,
  tensors: OptimizerState,
  state: CheckpointState,
): Promise<string> {
  const target = checkpointDir(runDir, state.step);
  if (await exists(target)) {
    await writeCheckpointState(runDir, state);
    return join(target, MODEL_FILE);
  }
  const temporary = temporaryName(target);
  const specs = [...detector.parameters, ...detector.buffers];
  const metadata = weightsMetadata(state.origin);
  const weights = (parameters: ParameterValues) => storedTensors(specs, { ...parameters, ...tensors.buffers });
  try {
    await saveSafetensors(join(temporary, MODEL_FILE), weights(tensors.parameters), metadata);
    if (tensors.average) await saveSafetensors(join(temporary, AVERAGE_FILE), weights(tensors.average), metadata);
    await saveSafetensors(join(temporary, OPTIMIZER_FILE), moments(detector.parameters, tensors), metadata);
    await writeFileAtomic(join(temporary, STATE_FILE), sealState(state, await filesIn(temporary)));
    await commitFile(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  return join(target, MODEL_FILE);
}

/** Size and SHA-256 of a file. */
async function factsOf(path: string): Promise<CheckpointFile> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer); // a stream without an encoding gives buffers
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** The files of tensors in a folder. */
async function filesIn(dir: string): Promise<Record<string, CheckpointFile>> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(".safetensors"));
  const files: Record<string, CheckpointFile> = {};
  for (const name of names) files[name] = await factsOf(join(dir, name));
  return files;
}

const checksumsSchema = z.record(z.string(), z.string());

/** The checksums that version 0.1 wrote into a file of their own; a newer state that lost its checksum has no such file. */
async function earlierChecksums(dir: string): Promise<Record<string, string>> {
  const path = join(dir, CHECKSUM_FILE);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    const file = join(dir, STATE_FILE);
    const message = `invalid checksum: nothing, and no ${CHECKSUM_FILE} of version 0.1; the state was edited, or a file is missing`;
    throw new FormatError(message, { file, field: "checksum" }, { cause: error });
  });
  return parseJson(checksumsSchema, text, path, "the file was edited or damaged");
}

/** The files that a checkpoint of this recipe has. */
function expectedFiles({ recipe }: CheckpointState): string[] {
  const { averageDecay = 0 } = (recipe.optimizer ?? {}) as { averageDecay?: unknown }; // 0 and nothing mean none
  return [...(averageDecay === 0 ? [] : [AVERAGE_FILE]), MODEL_FILE, OPTIMIZER_FILE];
}

/**
 * SHA-256 of the files that a checkpoint was written with, by name. Throws a FormatError when the folder holds other files, or
 * files of other sizes.
 */
export async function checkpointDigests(dir: string, { state, files }: StoredState): Promise<Record<string, string>> {
  const path = join(dir, STATE_FILE);
  const digests = files
    ? Object.fromEntries(Object.entries(files).map(([name, { sha256 }]) => [name, sha256]))
    : await earlierChecksums(dir);
  const expected = expectedFiles(state).join(", ");
  const recorded = Object.keys(digests).sort().join(", ");
  if (recorded !== expected)
    throw new FormatError(`invalid files: ${recorded}; expected ${expected}`, { file: path, field: "files" });
  const there = (await readdir(dir))
    .filter((name) => name.endsWith(".safetensors"))
    .sort()
    .join(", ");
  if (there !== expected) {
    const message = `its folder holds ${there === "" ? "no tensors" : there}; expected ${expected}`;
    throw new FormatError(message, { file: path, field: "files" });
  }
  for (const [name, { bytes }] of Object.entries(files ?? {})) {
    const { size } = await stat(join(dir, name));
    if (size !== bytes) throw new FormatError(`${size} bytes; ${bytes} were written`, { file: join(dir, name) });
  }
  return digests;
}

/** Throws a FormatError for bytes of SHA-256 `found` in a file that was written with others. */
export function checkDigest(file: string, found: string, written: string | undefined): void {
  if (found === written) return;
  throw new FormatError("its bytes are not those that were written (SHA-256): it is damaged or another run's", {
    file,
  });
}

/** Throws a FormatError when a file of tensors is missing, is one too many, or has other bytes than were written. */
export async function verifyCheckpoint(dir: string, stored: StoredState): Promise<void> {
  for (const [name, written] of Object.entries(await checkpointDigests(dir, stored))) {
    const { sha256 } = await factsOf(join(dir, name));
    checkDigest(join(dir, name), sha256, written);
  }
}

/** Replace the state of a checkpoint whose tensors, and with them their origin, stay as they are. */
export async function writeCheckpointState(runDir: string, state: CheckpointState): Promise<void> {
  const dir = checkpointDir(runDir, state.step);
  const { state: earlier, files } = await readCheckpointState(dir);
  const kept = { ...state, origin: earlier.origin };
  await writeFileAtomic(join(dir, STATE_FILE), sealState(kept, files ?? (await filesIn(dir))));
  await rm(join(dir, CHECKSUM_FILE), { force: true }); // the state has it from now on
}

/**
 * Read the state of a checkpoint folder. Throws a FormatError that names the field when it is not as it was written, and
 * a NotFoundError when there is none.
 */
export async function readCheckpointState(dir: string): Promise<StoredState> {
  const path = join(dir, STATE_FILE);
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new NotFoundError(`${path} cannot be read: ${error.message}`, path, { cause: error });
  });
  return parseState(text, path, stepOf(basename(dir)));
}

type MomentKind = "exp_avg" | "exp_avg_sq";

/** Throws a FormatError for moments that no training has: not finite, or squares below 0. */
function checkMoments(kind: MomentKind, name: string, tensor: StoredTensor, file: string): void {
  const field = `${kind}.${name}`;
  requireFinite(field, tensor, file);
  const negative = kind === "exp_avg_sq" ? tensor.values.find((value) => value < 0) : undefined;
  if (negative !== undefined)
    throw new FormatError(`invalid ${field}: ${negative}; expected means of squares, at least 0`, { file, field });
}

function momentsOf(detector: Detector, file: SafetensorsFile, prefix: MomentKind, path: string): ParameterValues {
  return Object.fromEntries(
    detector.parameters.map(({ name, shape }) => {
      const tensor = file.tensors[`${prefix}.${name}`];
      if (tensor?.shape.join() !== shape.join()) {
        throw new CacheError(`${path} does not hold ${prefix}.${name} of shape [${shape}]`, {
          found: tensor?.shape,
          expected: shape,
        });
      }
      checkMoments(prefix, name, tensor, path);
      return [name, tensor.values];
    }),
  );
}

/** Throws a FormatError when the file of moments holds more than two for each parameter. */
function checkMomentCount({ parameters }: Detector, { tensors, otherTypes }: SafetensorsFile, file: string): void {
  const found = Object.keys(tensors).length + Object.keys(otherTypes).length;
  if (found !== 2 * parameters.length)
    throw new FormatError(`${found} tensors; expected 2 of each of ${parameters.length} parameters`, { file });
}

/** The tensors of a checkpoint's file, which says the same of its origin as the state. */
async function loadOwn(path: string, stored: StoredState): Promise<SafetensorsFile> {
  const file = await loadSafetensors(path);
  requireSameOrigin(file, path, stored);
  return file;
}

/**
 * Read the tensors of a checkpoint folder for a detector of the same architecture. Throws a FormatError where a file is of another
 * origin than the state.
 */
export async function readCheckpointTensors(
  dir: string,
  detector: Detector,
  stored: StoredState,
): Promise<OptimizerState> {
  const modelPath = join(dir, MODEL_FILE);
  const averagePath = join(dir, AVERAGE_FILE);
  const momentsPath = join(dir, OPTIMIZER_FILE);
  const values = detectorValues(detector, await loadOwn(modelPath, stored), modelPath);
  const pick = (specs: readonly ParameterSpec[], from: ParameterValues) =>
    Object.fromEntries(specs.map(({ name }) => [name, memberOf(from, name)]));
  const average = (await exists(averagePath)) // verifyCheckpoint says whether it has to be there
    ? detectorValues(detector, await loadOwn(averagePath, stored), averagePath)
    : undefined;
  const file = await loadOwn(momentsPath, stored);
  const first = momentsOf(detector, file, "exp_avg", momentsPath);
  const second = momentsOf(detector, file, "exp_avg_sq", momentsPath);
  checkMomentCount(detector, file, momentsPath);
  return {
    parameters: pick(detector.parameters, values),
    buffers: pick(detector.buffers, values),
    first,
    second,
    average: average && pick(detector.parameters, average),
  };
}
