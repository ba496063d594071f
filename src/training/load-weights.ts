import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "../base/canonical.js";
import { CacheError, NotFoundError } from "../base/errors.js";
import { createDetector, type Detector } from "../model/detector.js";
import type { ParameterValues } from "../model/parameters.js";
import { loadSafetensors, type SafetensorsFile } from "../model/safetensors.js";
import { detectorValues } from "../model/weights.js";
import {
  AVERAGE_FILE,
  checkpointDir,
  listCheckpoints,
  MODEL_FILE,
  readCheckpointState,
  type WeightsOrigin,
} from "./checkpoint.js";

/** Weights to predict with. */
export interface LoadedWeights {
  readonly detector: Detector;
  readonly values: ParameterValues;
  readonly origin: WeightsOrigin;
  /** SHA-256 of the weights file. */
  readonly hash: string;
  readonly path: string;
}

/** The weights file that a path means: itself, that of a checkpoint folder, or of a run's best or newest checkpoint. */
async function weightsPath(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new NotFoundError(`no checkpoint at ${path}`, path);
  if (!found.isDirectory()) return path;
  const names = await readdir(path);
  if (names.includes(AVERAGE_FILE)) return join(path, AVERAGE_FILE);
  if (names.includes(MODEL_FILE)) return join(path, MODEL_FILE);
  const steps = await listCheckpoints(path);
  const newest = steps.at(-1);
  if (newest === undefined)
    throw new NotFoundError(`no checkpoint in ${path}; expected a run, a checkpoint or a .safetensors file`, path);
  const { best } = await readCheckpointState(checkpointDir(path, newest));
  return weightsPath(checkpointDir(path, best && steps.includes(best.step) ? best.step : newest));
}

function originOf({ metadata }: SafetensorsFile, path: string): WeightsOrigin {
  try {
    return JSON.parse(metadata.ictal ?? "") as WeightsOrigin;
  } catch (error) {
    throw new CacheError(
      `${path} does not say which model it belongs to (metadata "ictal"); give the model's configuration`,
      { found: Object.keys(metadata), expected: "ictal" },
      { cause: error },
    );
  }
}

/**
 * Load the weights at `path`: a .safetensors file, a checkpoint folder, or a run folder (its best checkpoint). Averaged
 * weights are preferred where there are some. `origin` stands in for files that do not carry their own.
 */
export async function loadWeights(path: string, origin?: WeightsOrigin): Promise<LoadedWeights> {
  const file = await weightsPath(path);
  const stored = await loadSafetensors(file);
  const known = origin ?? originOf(stored, file);
  const detector = createDetector(known.model);
  const values = detectorValues(detector, stored, file);
  return { detector, values, origin: known, hash: sha256(await readFile(file)), path: file };
}
