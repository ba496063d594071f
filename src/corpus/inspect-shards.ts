/** Inspection results of a corpus by shard, kept in files until the whole corpus is reported. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { NotFoundError } from "@ictal/base/errors";
import { mapConcurrent } from "../base/concurrent.js";
import type { Store } from "../store/store.js";
import { type CatalogueOptions, readCatalogue } from "./catalogue.js";
import { type Inspected, type InspectOptions, inspectRecordings } from "./inspect.js";

const ENDING = ".inspected";

/** Identity of an entry's version: results are valid for it alone. */
function versionOf({ id, edfSize, edfEtag }: Inspected["entry"]): string {
  return [id, edfSize, edfEtag ?? ""].join(" ");
}

/** Inspect every `count`-th recording from `index` on and write the results into `dir`; returns their number. */
export async function inspectShard(
  store: Store,
  dir: string,
  { index, count }: { readonly index: number; readonly count: number },
  options: CatalogueOptions & InspectOptions = {},
): Promise<number> {
  const catalogue = await readCatalogue(store, options);
  const recordings = catalogue.recordings.filter((_, position) => position % count === index);
  const inspected = await inspectRecordings(store, { ...catalogue, recordings }, options);
  await writeFileAtomic(join(dir, `${index}-of-${count}${ENDING}`), serialize(inspected));
  return recordings.length;
}

/** A function that reads the results of the shards in `dir` for a catalogue's recordings. NotFoundError when some are missing. */
export function inspectedShardsReader(dir: string): typeof inspectRecordings {
  return async (_, { recordings }, { signal } = {}) => {
    const names = await readdir(dir).catch(() => []);
    const files = names.filter((name) => name.endsWith(ENDING));
    const shards = await mapConcurrent(
      files,
      4,
      async (name) => deserialize(await readFile(join(dir, name))) as Inspected[],
      signal,
    );
    const found = new Map(shards.flat().map((inspected) => [versionOf(inspected.entry), inspected]));
    const missing = recordings.filter((entry) => !found.has(versionOf(entry)));
    const [first] = missing;
    if (first)
      throw new NotFoundError(
        `${missing.length} of ${recordings.length} recordings were inspected by no shard in ${dir}, e.g. ${first.id}; run their shards`,
        first.id,
      );
    return recordings.flatMap((entry) => found.get(versionOf(entry)) ?? []);
  };
}
