import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { SPLITS_FILE } from "../corpus/split-file.js";
import { type SplitRecord, splitHash, splitParts } from "../dataset/split-record.js";
import type { TrainingData } from "./run-data.js";

/** Who is trained and validated on where the manifest's own splits are used. */
function usedSplits({ index, dev, reader }: TrainingData): SplitRecord {
  const { manifest } = reader;
  const trained = new Set(index.recording);
  const validated = new Set(dev);
  const recordings = manifest.recordings.flatMap((recording, position) => {
    const split = validated.has(position) ? "dev" : trained.has(position) ? "train" : undefined;
    return split === undefined ? [] : [{ ...recording, split }];
  });
  const used = new Set(recordings.map(({ patient }) => patient));
  const unused = [...new Set(manifest.recordings.map(({ patient }) => patient))].filter(
    (patient) => !used.has(patient),
  );
  const splits = splitParts({ ...manifest, recordings });
  return { by: "official", why: "the splits of the manifest", splits, unused: unused.sort() };
}

/** Write `splits.json` to the folder of a run: which patient is in which split, and why. */
export async function writeRunSplits(runDir: string, data: TrainingData): Promise<void> {
  const record = data.splits ?? usedSplits(data);
  await writeFileAtomic(join(runDir, SPLITS_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/** What a recipe says of splits: nothing where the corpus's own decide, which its data lines tell. */
export function splitRecipe({ splits }: TrainingData): Readonly<Record<string, unknown>> {
  return splits === undefined || splits.by === "official" ? {} : { splits: splitHash(splits) };
}
