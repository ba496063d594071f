/** What was found at the recordings of a corpus in parts, kept in files until the whole is reported on. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { NotFoundError } from "@ictal/base/errors";
import { mapConcurrent } from "../base/concurrent.js";
import type { Store } from "../store/store.js";
import { type Catalogue, type CatalogueOptions, readCatalogue } from "./catalogue.js";
import { type Inspected, type InspectOptions, inspectRecordings } from "./inspect.js";

const ENDING = ".inspected";

/** A fingerprint of an entry: what was found holds for it alone. */
function stampOf({ id, edfSize, edfEtag }: Inspected["entry"]): string {
  return [id, edfSize, edfEtag ?? ""].join(" ");
}

/** Look at every `count`-th recording from `index` on and keep what is found in `folder`; how many they were. */
export async function inspectPart(
  store: Store,
  folder: string,
  { index, count }: { readonly index: number; readonly count: number },
  options: CatalogueOptions & InspectOptions = {},
): Promise<number> {
  const catalogue = await readCatalogue(store, options);
  const recordings = catalogue.recordings.filter((_, position) => position % count === index);
  const inspected = await inspectRecordings(store, { ...catalogue, recordings }, options);
  await writeFileAtomic(join(folder, `${index}-of-${count}${ENDING}`), serialize(inspected));
  return recordings.length;
}

/** What the parts in `folder` found at a catalogue's recordings. NotFoundError when some were not looked at. */
export function partsReader(folder: string): (store: Store, catalogue: Catalogue) => Promise<Inspected[]> {
  return async (_, { recordings }) => {
    const names = await readdir(folder).catch(() => []);
    const files = names.filter((name) => name.endsWith(ENDING));
    const parts = await mapConcurrent(
      files,
      4,
      async (name) => deserialize(await readFile(join(folder, name))) as Inspected[],
    );
    const found = new Map(parts.flat().map((inspected) => [stampOf(inspected.entry), inspected]));
    const missing = recordings.filter((entry) => !found.has(stampOf(entry)));
    if (missing.length > 0)
      throw new NotFoundError(
        `${missing.length} of ${recordings.length} recordings are in no part in ${folder}, e.g. ${missing[0]!.id}; run their shards`,
        missing[0]!.id,
      );
    return recordings.map((entry) => found.get(stampOf(entry))!);
  };
}
