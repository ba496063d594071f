/** A folder of stored predictions holds those of one checkpoint and calibration, and of each recording those of one run. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { CacheError } from "@ictal/base/errors";
import { listFiles, recordingStem } from "../cache/paths.js";
import { type PredictionOrigin, predictionSidecarOf, VALUE_ENDINGS } from "./prediction-store.js";

export interface PredictionFolderOptions extends Pick<PredictionOrigin, "calibrationHash"> {
  /** Recordings that are to be predicted. */
  readonly ids: readonly string[];
  /** SHA-256 of the weights that are to predict. */
  readonly checkpointHash: string;
  readonly signal?: AbortSignal | undefined;
}

async function filesIn(dir: string): Promise<string[]> {
  return listFiles(dir, [".json"]).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}

const short = (hash: string | undefined) => hash?.slice(0, 12) ?? "none";

/** Throws a CacheError where the file is the sidecar of a prediction from another checkpoint, or with another calibration. */
async function refuseOther(dir: string, file: string, { signal, ...own }: PredictionFolderOptions) {
  const stored = predictionSidecarOf(await readFile(join(dir, file), { encoding: "utf8", signal }));
  if (!stored) return;
  const refuse = (other: string, found: string | undefined, expected: string | undefined) => {
    throw new CacheError(
      `${dir} holds predictions ${other}, e.g. of ${stored.id} by ${short(found)}, and this one is ${short(expected)}; ` +
        "choose another folder, or remove this one first",
      { found, expected },
    );
  };
  if (stored.checkpointHash !== own.checkpointHash)
    refuse("of another checkpoint", stored.checkpointHash, own.checkpointHash);
  if (stored.calibrationHash !== own.calibrationHash)
    refuse("with another calibration", stored.calibrationHash, own.calibrationHash);
}

const ownFiles = (ids: readonly string[]) => new Set(ids.map((id) => `${recordingStem(id)}.json`));

/** Throws a CacheError where `dir` holds predictions of other recordings than `ids` that another checkpoint or calibration made. */
export async function requireOneCheckpoint(dir: string, options: PredictionFolderOptions): Promise<void> {
  const own = ownFiles(options.ids);
  for (const file of await filesIn(dir)) if (!own.has(file)) await refuseOther(dir, file, options);
}

/**
 * Remove the stored predictions of `ids` from `dir`, so that no mixture is left when the new ones end early. Returns how many
 * there were.
 */
export async function removePredictions(
  dir: string,
  { ids, signal }: Pick<PredictionFolderOptions, "ids" | "signal">,
): Promise<number> {
  const own = ownFiles(ids);
  const found = (await filesIn(dir)).filter((file) => own.has(file));
  for (const file of found) {
    signal?.throwIfAborted();
    await rm(join(dir, file)); // first: values without a sidecar are no prediction
    const stem = join(dir, file.slice(0, -".json".length));
    for (const ending of VALUE_ENDINGS) await rm(`${stem}${ending}`, { force: true });
  }
  return found.length;
}
