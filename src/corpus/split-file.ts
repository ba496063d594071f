/** Splits by patient as users give them: a folder of lists, or the splits.json of a run. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, NotFoundError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import { knownSplit } from "./split-names.js";
import { readSplits, refuseOverlap, type Splits } from "./splits.js";

/** The file in the folder of a run that says which patient is in which split. */
export const SPLITS_FILE = "splits.json";

const recordSchema = z.object({
  splits: z.record(z.string(), z.object({ patients: z.array(z.string().min(1)) })),
});

/** The patients of each split as a splits.json names them. Errors of reading it as they are, FormatError for other JSON. */
export async function readSplitRecord(path: string, signal?: AbortSignal): Promise<Splits> {
  const text = await readFile(path, { encoding: "utf8", signal });
  const { splits } = parseJson(
    recordSchema,
    text,
    path,
    "give the splits.json of a run, or a folder of train.txt, dev.txt, eval.txt",
  );
  return Object.fromEntries(Object.entries(splits).map(([split, { patients }]) => [split, patients]));
}

/** train, validation and test are train, dev and eval; other names stay. */
function inOwnWords(splits: Splits): Splits {
  const found = new Map<string, string[]>();
  for (const [name, patients] of Object.entries(splits)) {
    const split = knownSplit(name) ?? name;
    found.set(split, [...(found.get(split) ?? []), ...patients]);
  }
  return Object.fromEntries([...found].map(([split, patients]) => [split, [...new Set(patients)].sort()]));
}

/**
 * Read splits from `path`: a folder of `train.txt`, `dev.txt` …, the folder of a run, or its splits.json. Names such as
 * validation and test are read as dev and eval. NotFoundError when there is nothing, ConfigError when a patient is in two
 * splits, FormatError for other JSON.
 */
export async function readSplitFile(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Splits> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new NotFoundError(
      `no splits at ${path}; expected a folder of train.txt, dev.txt, eval.txt, or the splits.json of a run`,
      path,
      { cause },
    );
  });
  const record = found.isDirectory() ? join(path, SPLITS_FILE) : path;
  const isRecord = !found.isDirectory() || (await stat(record).catch(() => undefined)) !== undefined;
  const splits = inOwnWords(isRecord ? await readSplitRecord(record, signal) : await readSplits(path, { signal }));
  refuseOverlap(splits, path);
  if (!splits.train?.length)
    throw new ConfigError(`${path}: no patient of train; expected the names of the training patients in train.txt`, {
      key: "data.split.file",
      value: Object.keys(splits),
      allowed: "train, and dev and eval where wanted",
    });
  return splits;
}
