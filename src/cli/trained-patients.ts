import { dirname, join, resolve } from "node:path";
import { notify, printable } from "@ictal/base/printable";
import type { ManifestRecording } from "../cache/manifest.js";
import { readSplitFile, SPLITS_FILE } from "../corpus/split-file.js";

/** Levels from a weights file up to the folder of its run: checkpoint, checkpoints, run. */
const LEVELS = 4;

/** The splits of the run that a checkpoint is of; undefined where no folder above it has any. */
async function splitsOfRun(checkpoint: string) {
  let folder = resolve(checkpoint);
  for (let level = 0; level < LEVELS; level++, folder = dirname(folder)) {
    const found = await readSplitFile(join(folder, SPLITS_FILE)).catch(() => undefined);
    if (found) return { splits: found, folder };
  }
  return undefined;
}

/** Reports patients of a split that are predicted although the checkpoint was trained on them. */
export async function reportTrainedPatients(
  checkpoint: string,
  recordings: readonly Pick<ManifestRecording, "patient">[],
  split: string,
): Promise<void> {
  if (split === "train") return;
  const run = await splitsOfRun(checkpoint);
  if (!run) return;
  const trained = new Set(run.splits.train);
  const patients = [...new Set(recordings.map(({ patient }) => patient))].sort();
  const known = patients.filter((patient) => trained.has(patient));
  if (known.length === 0) return;
  const shown = `${known.slice(0, 3).join(", ")}${known.length > 3 ? ", …" : ""}`;
  notify(
    printable(
      `ictal: ${known.length} of the ${patients.length} patients of ${split} have the names of patients that the checkpoint was trained on (${shown}): scores on them say nothing of new patients; the splits of that run: --splits ${run.folder}`,
    ),
  );
}
