/**
 * The folders of a cache: `<cacheDir>/<key>/` holds everything built with one key, described by its `cache.json`.
 * A new key is a new folder; folders of other keys are never touched.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, hashOf } from "@ictal/base/canonical";
import { CacheError, NotFoundError } from "@ictal/base/errors";
import { explainReadError, isFileForFolder } from "@ictal/base/read-fault";
import { valueAt } from "@ictal/base/records";
import { z } from "zod";
import { CACHE_FORMAT_VERSION, FRAME_SAMPLES } from "./format.js";
import { DESCRIPTION_FILE } from "./paths.js";
import { updateCacheFile } from "./temporary.js";

const descriptionSchema = z.object({
  formatVersion: z.literal(CACHE_FORMAT_VERSION),
  key: z.string().min(1),
  sampleType: z.enum(["int16", "float32"]),
  sampleRateHz: z.number().positive(),
  frameSamples: z.literal(FRAME_SAMPLES),
  channels: z.array(z.string()).min(1),
  chain: z.record(z.string(), z.unknown()),
  chainHash: z.string(),
  dspVersion: z.union([z.string(), z.number()]),
});

/** What a key stands for: everything that decides the stored numbers, and nothing about windows. */
export type CacheDescription = z.infer<typeof descriptionSchema>;

/** A key folder on disk. */
export interface CacheFolder extends CacheDescription {
  /** Path of the key folder. */
  readonly path: string;
}

/** The key of a cache: a hash over format version, frame and sample type, chain options, channels and DSP version. */
export function cacheKeyOf(description: Omit<CacheDescription, "key">): string {
  return hashOf(description, 16);
}

/** Write `cache.json` of a key folder when it is missing; equal keys write equal bytes. */
export async function prepareFolder(cacheDir: string, description: CacheDescription): Promise<CacheFolder> {
  const path = join(cacheDir, description.key);
  const file = join(path, DESCRIPTION_FILE);
  const text = `${canonicalJson(description)}\n`;
  await updateCacheFile(path, file, text);
  return { ...description, path };
}

/** Parse JSON of a cache file; a CacheError names the file and what is wrong, a foreign format version first of all. */
export function parseCacheJson<T>(schema: z.ZodType<T>, text: string, file: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const advice = "it is damaged; remove it and build again";
    throw new CacheError(
      `${file}: not JSON; ${advice}`,
      { found: text.slice(0, 40), expected: "JSON" },
      { cause: error },
    );
  }
  const found = valueAt(value, ["formatVersion"]);
  if (found !== CACHE_FORMAT_VERSION) {
    const message = `${file}: format version ${JSON.stringify(found)}, this program reads version ${CACHE_FORMAT_VERSION}; build the cache again in a new folder or use the program that wrote it`;
    throw new CacheError(message, { found, expected: CACHE_FORMAT_VERSION });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: "unreadable" };
  const field = path.join(".") || "(top)";
  throw new CacheError(`${file}: invalid ${field}: ${message}; remove the file and build again`, {
    found: field,
    expected: message,
  });
}

async function readFolder(path: string): Promise<CacheFolder | undefined> {
  const file = join(path, DESCRIPTION_FILE);
  const text = await readFile(file, "utf8").catch(() => undefined);
  return text === undefined ? undefined : { ...parseCacheJson(descriptionSchema, text, file), path };
}

/** The key folders at `dir`: itself when it is one, else those directly in it, by key. */
export async function findFolders(dir: string): Promise<CacheFolder[]> {
  const own = await readFolder(dir);
  if (own) return [own];
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (isFileForFolder(error))
      throw new NotFoundError(`${dir} is a file, expected the folder of a cache; ictal cache build makes one`, dir);
    if (error.code !== "ENOENT") throw explainReadError(error, dir);
    throw new NotFoundError(`no cache at ${dir}; build one with: ictal cache build`, dir, { cause: error });
  });
  const folders: CacheFolder[] = [];
  for (const entry of entries.filter((each) => each.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const folder = await readFolder(join(dir, entry.name));
    if (folder) folders.push(folder);
  }
  return folders;
}

/**
 * The key folder to use at `dir`, a cache folder or a key folder. Without `key` there must be exactly one; several are a
 * CacheError that lists them.
 */
export async function resolveFolder(dir: string, key?: string): Promise<CacheFolder> {
  const named = key === undefined ? undefined : await readFolder(join(dir, key)); // before folders of other programs' versions
  if (named) return named;
  const folders = await findFolders(dir);
  const chosen = key === undefined ? folders : folders.filter((folder) => folder.key === key);
  const [only] = chosen;
  if (only && chosen.length === 1) return only;
  const found = folders.map((folder) => folder.key);
  if (chosen.length === 0) {
    const what = key === undefined ? "no cache" : `no cache with key ${key}`;
    const have = found.length === 0 ? "" : ` (there: ${found.join(", ")})`;
    throw new NotFoundError(`${what} in ${dir}${have}; build one with: ictal cache build`, key ?? dir);
  }
  throw new CacheError(`${dir} holds ${found.length} caches: ${found.join(", ")}; name one by its folder or key`, {
    found,
    expected: "one cache",
  });
}
