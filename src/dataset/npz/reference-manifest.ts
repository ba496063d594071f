/** manifest.json of the reference system: windows by file and number in three lists. */
import { readFile } from "node:fs/promises";
import { CacheError, FormatError } from "@ictal/base/errors";
import { z } from "zod";

const entrySchema = z.object({ cache_file: z.string(), window_idx: z.number().int().min(0) });
const list = z.array(entrySchema);
const schema = z.object({ partial_seizure: list, full_seizure: list, no_seizure: list });

/** Windows by class, as the reference lists them. */
export type ReferenceManifest = z.infer<typeof schema>;

/** The lists and the classes they stand for. */
export const REFERENCE_LISTS = { partial: "partial_seizure", full: "full_seizure", none: "no_seizure" } as const;

export const REFERENCE_MANIFEST_FILE = "manifest.json";

/** Read a reference manifest; undefined when there is none. Throws a FormatError when it is another JSON. */
export async function readReferenceManifest(path: string): Promise<ReferenceManifest | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const message = `${path}: not a manifest of the reference system (partial_seizure, full_seizure and no_seizure with cache_file and window_idx); remove it to import the archives alone`;
    throw new FormatError(message, { file: path }, { cause: error });
  }
}

/** Throws a CacheError when the manifest names files that are not among `files`. */
export function refuseMissingFiles(manifest: ReferenceManifest, files: ReadonlySet<string>, dir: string): void {
  const named = new Set(Object.values(manifest).flatMap((entries) => entries.map(({ cache_file }) => cache_file)));
  const missing = [...named].filter((name) => !files.has(name)).sort();
  if (missing.length === 0) return;
  const some = `${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ` and ${missing.length - 3} more` : ""}`;
  throw new CacheError(
    `${dir}: its manifest.json names ${missing.length} archives that are not there: ${some}; copy them, or remove manifest.json to import what is there`,
    { found: named.size - missing.length, expected: named.size },
  );
}
