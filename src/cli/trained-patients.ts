import { join } from "node:path";
import { isIctalError } from "@ictal/base/errors";
import { notify, printable } from "@ictal/base/printable";
import type { ManifestRecording } from "../cache/manifest.js";
import { readSplitFile, SPLITS_FILE } from "../corpus/split-file.js";
import { foldersAbove, sealedSplits } from "./sealed-splits.js";

/** Who a checkpoint was trained on. */
interface Trained {
  /** Where its splits can be read from; undefined for a checkpoint outside of its run. */
  readonly folder: string | undefined;
  readonly patients: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

/** What splits.json and the checkpoints of a run say; splits.json is reported where it cannot be read. */
async function trainedOf(checkpoint: string): Promise<Trained> {
  let ids: ReadonlySet<string> | undefined;
  for (const folder of await foldersAbove(checkpoint)) {
    ids ??= (await sealedSplits(folder))?.trainedIds;
    try {
      const { train = [] } = await readSplitFile(join(folder, SPLITS_FILE));
      return { folder, patients: new Set(train), ids: ids ?? NONE };
    } catch (error) {
      if (isIctalError(error, "NotFoundError")) continue;
      const why = error instanceof Error ? error.message : String(error);
      notify(printable(`ictal: the splits of the checkpoint's run cannot be used: ${why}`));
      break;
    }
  }
  return { folder: undefined, patients: NONE, ids: ids ?? NONE };
}

/** Reports patients of a split that are predicted although the checkpoint was trained on them. */
export async function reportTrainedPatients(
  checkpoint: string,
  recordings: readonly Pick<ManifestRecording, "id" | "patient">[],
  split: string,
): Promise<void> {
  if (split === "train") return;
  const { folder, patients: trained, ids } = await trainedOf(checkpoint);
  const patients = new Set(recordings.map(({ patient }) => patient));
  const isKnown = ({ id, patient }: Pick<ManifestRecording, "id" | "patient">) => trained.has(patient) || ids.has(id);
  const known = [...new Set(recordings.filter(isKnown).map(({ patient }) => patient))].sort();
  if (known.length === 0) return;
  const shown = `${known.slice(0, 3).join(", ")}${known.length > 3 ? ", …" : ""}`;
  const advice =
    folder === undefined
      ? "choose the splits of that run with --splits"
      : `the splits of that run: use --splits ${folder}`;
  notify(
    printable(
      `ictal: ${known.length} of the ${patients.size} patients of ${split} have the names of patients that the checkpoint was trained on (${shown}): scores on them say nothing of new patients; ${advice}`,
    ),
  );
}
