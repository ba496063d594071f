/** Who a run was trained on as its checkpoints hold it, under their checksum: its splits.json may have been edited since. */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CacheError, isIctalError } from "@ictal/base/errors";
import type { ManifestRecording } from "../cache/manifest.js";
import { readSplitRecord, SPLITS_FILE } from "../corpus/split-file.js";
import { splitHash } from "../dataset/split-record.js";
import { readCheckpointState } from "../training/checkpoint.js";
import { checkpointDir, listCheckpoints } from "../training/checkpoint-folder.js";

/** Levels from a weights file up to the folder of its run: checkpoint, checkpoints, run. */
const LEVELS = 4;

/** What the checkpoints of a run say of its data. */
export interface SealedSplits {
  /** Identity of the splits; absent where the corpus's own decided. */
  readonly hash?: string;
  /** Recordings that were trained on. */
  readonly trainedIds: ReadonlySet<string>;
}

/** A weights file, a checkpoint or the folder of a run, and the folders above it, without links. */
export async function foldersAbove(checkpoint: string): Promise<string[]> {
  let folder = await realpath(checkpoint).catch(() => resolve(checkpoint));
  const folders: string[] = [];
  for (let level = 0; level < LEVELS; level++, folder = dirname(folder)) folders.push(folder);
  return folders;
}

async function sealOf(checkpoint: string): Promise<SealedSplits | undefined> {
  const stored = await readCheckpointState(checkpoint).catch((error: unknown) => {
    if (isIctalError(error, "NotFoundError", "FormatError")) return undefined; // no checkpoint, or a damaged one
    throw error;
  });
  if (!stored) return undefined;
  const { recipe, dataLines } = stored.state;
  const { splits: hash } = recipe;
  const ids = dataLines.map((line) => line.replace(/ \d+ windows of .*$/, ""));
  return { ...(typeof hash === "string" && { hash }), trainedIds: new Set(ids) };
}

/** The seal of a checkpoint, or of the newest whole checkpoint of a run; undefined where there is none. */
export async function sealedSplits(folder: string): Promise<SealedSplits | undefined> {
  const own = await sealOf(folder);
  if (own) return own;
  for (const step of (await listCheckpoints(folder)).reverse()) {
    const found = await sealOf(checkpointDir(folder, step));
    if (found) return found;
  }
  return undefined;
}

/**
 * Throws a CacheError when `file`, the folder or splits.json of a run, does not say what its checkpoints do: other splits, or a
 * patient that was trained on and is not in train. Lists of patients and runs without a checkpoint have nothing to compare.
 */
export async function refuseEditedSplits(
  file: string,
  recordings: readonly Pick<ManifestRecording, "id" | "patient">[],
): Promise<void> {
  const folder = basename(file) === SPLITS_FILE ? dirname(file) : file;
  const sealed = await sealedSplits(folder);
  if (!sealed) return;
  const path = join(folder, SPLITS_FILE);
  const splits = await readSplitRecord(path).catch((error: unknown) => {
    if (isIctalError(error, "FormatError")) throw error;
    return undefined; // lists of patients in the folder
  });
  if (!splits) return;
  const found = splitHash({
    splits: Object.fromEntries(Object.entries(splits).map(([split, patients]) => [split, { patients }])),
  });
  const train = new Set(splits.train);
  const absent = recordings.filter(({ id, patient }) => sealed.trainedIds.has(id) && !train.has(patient));
  const isOther = sealed.hash !== undefined && sealed.hash !== found;
  if (!isOther && absent.length === 0) return;
  const who = [...new Set(absent.map(({ patient }) => patient))].sort();
  const example = who.length === 0 ? "" : `: ${who.slice(0, 3).join(", ")} was trained on and is not in its train`;
  throw new CacheError(
    `${path} is not what the run was trained with, it was edited${example}; restore it, or give the splits that you want as a folder of train.txt, dev.txt, eval.txt`,
    { found, expected: sealed.hash ?? "the patients that were trained on in train" },
  );
}
