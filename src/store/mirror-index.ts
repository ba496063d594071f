import { appendFile, readFile } from "node:fs/promises";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { z } from "zod";
import { compareKeys } from "./store.js";

const entrySchema = z.object({
  key: z.string(),
  size: z.number().int().min(0),
  /** The store's version tag; undefined when it gives none. */
  etag: z.string().optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Time of change of the local file, as the file system gave it when it was verified. */
  modifiedMilliseconds: z.number(),
  /** When the file was last known to be complete. */
  storedMilliseconds: z.number().optional(),
  /** Address of the store it came from; undefined where another program fetched it. */
  from: z.string().optional(),
});

/** One complete object in the mirror. */
export type MirrorEntry = Readonly<z.infer<typeof entrySchema>>;

const removalSchema = z.object({ key: z.string(), removed: z.literal(true) });

/** The line of an object that was removed from the mirror. */
type Removal = Readonly<z.infer<typeof removalSchema>>;

const lineSchema = z.union([removalSchema, entrySchema]);

/** Index of the complete files of a mirror: one JSON line per object, appended as they arrive; the last line of a key is valid. */
export interface MirrorIndex {
  get(key: string): MirrorEntry | undefined;
  entries(): IterableIterator<MirrorEntry>;
  /** Resolves when the line is in the file. Calls at the same time share one write. */
  append(entry: MirrorEntry): Promise<void>;
  /** Appends the line that removes an object. */
  remove(key: string): Promise<void>;
  /** Reads lines that other processes have appended. */
  refresh(): Promise<void>;
  /** Rewrites the file without outdated and broken lines, if it has any. */
  compact(): Promise<void>;
}

/** Opens an index file; a missing one is empty, and a line truncated by a crash is ignored. */
export async function openMirrorIndex(path: string): Promise<MirrorIndex> {
  const entries = new Map<string, MirrorEntry>();
  let lineCount = 0;
  let knownBytes = 0;
  let endsInLine = false;
  let queue: (MirrorEntry | Removal)[] = [];
  let writing: Promise<void> | undefined;

  const apply = (entry: MirrorEntry | Removal) => {
    if ("removed" in entry) entries.delete(entry.key);
    else entries.set(entry.key, entry);
  };

  const load = async () => {
    const text = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    if (text.byteLength === knownBytes) return;
    entries.clear();
    lineCount = 0;
    for (const line of text.toString().split("\n")) {
      if (line === "") continue;
      lineCount += 1;
      const entry = parseLine(line);
      if (entry) apply(entry);
    }
    knownBytes = text.byteLength;
    endsInLine = text.byteLength > 0 && text.at(-1) !== 10;
  };

  const writeBatch = async (batch: readonly (MirrorEntry | Removal)[]) => {
    const text = (endsInLine ? "\n" : "") + batch.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    endsInLine = true; // until the write is known to be whole
    await appendFile(path, text); // unsynced: a line lost with the power costs one check of its file
    endsInLine = false;
    for (const entry of batch) apply(entry);
    lineCount += batch.length;
    knownBytes += Buffer.byteLength(text);
  };

  const writeQueue = async () => {
    try {
      await undefined; // let every append of this turn join
      while (queue.length > 0) await writeBatch(queue.splice(0));
    } finally {
      queue = [];
      writing = undefined;
    }
  };

  const add = (entry: MirrorEntry | Removal) => {
    queue.push(entry);
    writing ??= writeQueue();
    return writing;
  };

  await load();
  return {
    get: (key) => entries.get(key),
    entries: () => entries.values(),
    append: add,
    remove: (key) => add({ key, removed: true }),
    async refresh() {
      await writing;
      await load();
    },
    async compact() {
      await writing;
      await load();
      if (lineCount === entries.size && !endsInLine) return;
      const sorted = [...entries.values()].sort((a, b) => compareKeys(a.key, b.key));
      await writeFileAtomic(path, sorted.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
      knownBytes = -1;
      await load();
    },
  };
}

/** The entry of a line; undefined for a truncated or invalid line, whose file is then checked again. */
function parseLine(line: string): MirrorEntry | Removal | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
