import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { commitFile, temporaryName, writeFileAtomic } from "../base/atomic-file.js";
import { canonicalJson } from "../base/canonical.js";
import { CacheError } from "../base/errors.js";
import type { Detector, ModelConfig } from "../model/detector.js";
import type { ParameterSpec, ParameterValues } from "../model/parameters.js";
import { loadSafetensors, type SafetensorsFile, type StoredTensor, saveSafetensors } from "../model/safetensors.js";
import { detectorValues, storedTensors } from "../model/weights.js";
import type { OptimizerState } from "./train-program.js";

/*
 * A checkpoint is a folder `<run>/checkpoints/step-00000100` of
 *   model.safetensors      parameters and running statistics by their PyTorch names
 *   average.safetensors    averaged weights in the same form, where a run keeps them
 *   optimizer.safetensors  moments, as `exp_avg.<name>` and `exp_avg_sq.<name>`
 *   checksums.json         SHA-256 of those files, which never change once written
 *   state.json             everything else a run needs to go on
 * It is written under another name and renamed whole. No file holds a time or a path, so equal runs give equal bytes.
 */

/** What the weights were trained for; stored in every weights file, so that it can be used alone. */
export interface WeightsOrigin {
  readonly model: ModelConfig;
  readonly windowSamples: number;
  readonly sampleRateHz: number;
  readonly channels: readonly string[];
  readonly cacheKey: string;
}

/** A validation that was the best so far. */
export interface BestMetric {
  readonly name: string;
  readonly value: number;
  readonly step: number;
}

/** Everything but the tensors. */
export interface CheckpointState {
  readonly formatVersion: 1;
  readonly step: number;
  /** Steps that changed the weights. */
  readonly updates: number;
  readonly nonFiniteSteps: number;
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly best: BestMetric | null;
  /** Validations since the best. */
  readonly withoutBetter: number;
  /** A validation is due that had not ended when this was written. */
  readonly isValidationPending: boolean;
  /** Sum of the losses since the last validation, and their number. */
  readonly epochLoss: readonly [sum: number, count: number];
  readonly origin: WeightsOrigin;
  /** Options that decide the numbers. */
  readonly recipe: Readonly<Record<string, unknown>>;
  /** One line per training recording. */
  readonly dataLines: readonly string[];
}

/** Names of the files. */
export const MODEL_FILE = "model.safetensors";
export const AVERAGE_FILE = "average.safetensors";
const OPTIMIZER_FILE = "optimizer.safetensors";
const STATE_FILE = "state.json";
const CHECKSUM_FILE = "checksums.json";

/** The folder that holds a run's checkpoints. */
export function checkpointsDir(runDir: string): string {
  return join(runDir, "checkpoints");
}

/** Folder of the checkpoint of a step. */
export function checkpointDir(runDir: string, step: number): string {
  return join(checkpointsDir(runDir), `step-${String(step).padStart(8, "0")}`);
}

/** Steps of the whole checkpoints of a run, ascending. */
export async function listCheckpoints(runDir: string): Promise<number[]> {
  const names = await readdir(checkpointsDir(runDir)).catch(() => [] as string[]);
  return names.flatMap((name) => (/^step-\d{8,}$/.test(name) ? [Number(name.slice(5))] : [])).sort((a, b) => a - b);
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function metadataOf(origin: WeightsOrigin): Record<string, string> {
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
  const metadata = metadataOf(state.origin);
  const weights = (parameters: ParameterValues) => storedTensors(specs, { ...parameters, ...tensors.buffers });
  try {
    await saveSafetensors(join(temporary, MODEL_FILE), weights(tensors.parameters), metadata);
    if (tensors.average) await saveSafetensors(join(temporary, AVERAGE_FILE), weights(tensors.average), metadata);
    await saveSafetensors(join(temporary, OPTIMIZER_FILE), moments(detector.parameters, tensors), metadata);
    await writeFileAtomic(join(temporary, CHECKSUM_FILE), `${canonicalJson(await checksums(temporary))}\n`);
    await writeFileAtomic(join(temporary, STATE_FILE), `${canonicalJson(state)}\n`);
    await commitFile(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  return join(target, MODEL_FILE);
}

/** SHA-256 of each file of tensors in a folder. */
async function checksums(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(".safetensors"));
  const sums: Record<string, string> = {};
  for (const name of names) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(dir, name))) hash.update(chunk as Buffer);
    sums[name] = hash.digest("hex");
  }
  return sums;
}

/** Throws a CacheError when a file of tensors is missing or has other bytes than were written; without checksums nothing is checked. */
export async function verifyCheckpoint(dir: string): Promise<void> {
  const path = join(dir, CHECKSUM_FILE);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return;
  let expected: Record<string, string>;
  try {
    expected = JSON.parse(text) as Record<string, string>;
  } catch (error) {
    throw new CacheError(`${path} cannot be read`, { found: text }, { cause: error });
  }
  const found = await checksums(dir);
  const wrong = Object.keys(expected).filter((name) => found[name] !== expected[name]);
  if (wrong.length === 0) return;
  throw new CacheError(`${wrong.join(", ")} in ${dir}: not the bytes that were written`, { found, expected });
}

/** Replace the state of a checkpoint whose tensors stay as they are. */
export async function writeCheckpointState(runDir: string, state: CheckpointState): Promise<void> {
  await writeFileAtomic(join(checkpointDir(runDir, state.step), STATE_FILE), `${canonicalJson(state)}\n`);
}

/** Remove all checkpoints but the newest `keepLast` and that of `bestStep`, and leavings of killed writes. */
export async function pruneCheckpoints(runDir: string, keepLast: number, bestStep: number | undefined): Promise<void> {
  const steps = await listCheckpoints(runDir);
  const kept = new Set([...steps.slice(-keepLast), bestStep]);
  for (const step of steps)
    if (!kept.has(step)) await rm(checkpointDir(runDir, step), { recursive: true, force: true });
  for (const name of await readdir(checkpointsDir(runDir)).catch(() => [] as string[])) {
    if (name.includes(".tmp-")) await rm(join(checkpointsDir(runDir), name), { recursive: true, force: true });
  }
}

/** Move a run's checkpoints away before a fresh run takes its folder, then remove them. */
export async function discardCheckpoints(runDir: string): Promise<void> {
  const old = temporaryName(checkpointsDir(runDir));
  await rename(checkpointsDir(runDir), old);
  await rm(old, { recursive: true, force: true });
}

/** Read the state of a checkpoint folder. Throws a CacheError when it is not one of ours. */
export async function readCheckpointState(dir: string): Promise<CheckpointState> {
  const path = join(dir, STATE_FILE);
  let state: CheckpointState;
  try {
    state = JSON.parse(await readFile(path, "utf8")) as CheckpointState;
  } catch (error) {
    throw new CacheError(`${path} cannot be read: ${(error as Error).message}`, {}, { cause: error });
  }
  if (state?.formatVersion !== 1) {
    throw new CacheError(`${path} has format version ${JSON.stringify(state?.formatVersion)}, this program reads 1`, {
      found: state?.formatVersion,
      expected: 1,
    });
  }
  return state;
}

function momentsOf(detector: Detector, file: SafetensorsFile, prefix: string, path: string): ParameterValues {
  return Object.fromEntries(
    detector.parameters.map(({ name, shape }) => {
      const tensor = file.tensors[`${prefix}.${name}`];
      if (tensor?.shape.join() !== shape.join()) {
        throw new CacheError(`${path} does not hold ${prefix}.${name} of shape [${shape}]`, {
          found: tensor?.shape,
          expected: shape,
        });
      }
      return [name, tensor.values];
    }),
  );
}

/** Read the tensors of a checkpoint folder for a detector of the same architecture. */
export async function readCheckpointTensors(dir: string, detector: Detector): Promise<OptimizerState> {
  const modelPath = join(dir, MODEL_FILE);
  const averagePath = join(dir, AVERAGE_FILE);
  const momentsPath = join(dir, OPTIMIZER_FILE);
  const values = detectorValues(detector, await loadSafetensors(modelPath), modelPath);
  const pick = (specs: readonly ParameterSpec[], from: ParameterValues) =>
    Object.fromEntries(specs.map(({ name }) => [name, from[name]!]));
  const average = (await exists(averagePath))
    ? detectorValues(detector, await loadSafetensors(averagePath), averagePath)
    : undefined;
  const file = await loadSafetensors(momentsPath);
  return {
    parameters: pick(detector.parameters, values),
    buffers: pick(detector.buffers, values),
    first: momentsOf(detector, file, "exp_avg", momentsPath),
    second: momentsOf(detector, file, "exp_avg_sq", momentsPath),
    average: average && pick(detector.parameters, average),
  };
}
