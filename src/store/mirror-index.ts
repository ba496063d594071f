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
export class MirrorIndex {
  readonly #path: string;
  readonly #entries = new Map<string, MirrorEntry>();
  #lineCount = 0;
  #knownBytes = 0;
  #endsInLine = false;
  #queue: (MirrorEntry | Removal)[] = [];
  #writing: Promise<void> | undefined;

  /** Use `openMirrorIndex`, which also reads the file. */
  constructor(path: string) {
    this.#path = path;
  }

  get(key: string): MirrorEntry | undefined {
    return this.#entries.get(key);
  }

  entries(): IterableIterator<MirrorEntry> {
    return this.#entries.values();
  }

  /** Resolves when the line is in the file. Calls at the same time share one write. */
  append(entry: MirrorEntry): Promise<void> {
    return this.#add(entry);
  }

  /** Appends the line that removes an object. */
  remove(key: string): Promise<void> {
    return this.#add({ key, removed: true });
  }

  /** Reads lines that other processes have appended. */
  async refresh(): Promise<void> {
    await this.#writing;
    await this.#load();
  }

  /** Rewrites the file without outdated and broken lines, if it has any. */
  async compact(): Promise<void> {
    await this.refresh();
    if (this.#lineCount === this.#entries.size && !this.#endsInLine) return;
    const sorted = [...this.#entries.values()].sort((a, b) => compareKeys(a.key, b.key));
    await writeFileAtomic(this.#path, sorted.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    this.#knownBytes = -1;
    await this.#load();
  }

  #add(line: MirrorEntry | Removal): Promise<void> {
    this.#queue.push(line);
    this.#writing ??= this.#writeQueue();
    return this.#writing;
  }

  #apply(line: MirrorEntry | Removal): void {
    if ("removed" in line) this.#entries.delete(line.key);
    else this.#entries.set(line.key, line);
  }

  async #load(): Promise<void> {
    const text = await readFile(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    if (text.byteLength === this.#knownBytes) return;
    this.#entries.clear();
    this.#lineCount = 0;
    for (const line of text.toString().split("\n")) {
      if (line === "") continue;
      this.#lineCount += 1;
      const entry = parseLine(line);
      if (entry) this.#apply(entry);
    }
    this.#knownBytes = text.byteLength;
    this.#endsInLine = text.byteLength > 0 && text.at(-1) !== 10;
  }

  async #writeQueue(): Promise<void> {
    try {
      await undefined; // let every append of this turn join
      while (this.#queue.length > 0) await this.#writeBatch(this.#queue.splice(0));
    } finally {
      this.#queue = [];
      this.#writing = undefined;
    }
  }

  async #writeBatch(batch: readonly (MirrorEntry | Removal)[]): Promise<void> {
    const text = (this.#endsInLine ? "\n" : "") + batch.map((line) => `${JSON.stringify(line)}\n`).join("");
    this.#endsInLine = true; // until the write is known to be complete
    await appendFile(this.#path, text); // not synced: a line lost in a power failure costs one check of its file
    this.#endsInLine = false;
    for (const line of batch) this.#apply(line);
    this.#lineCount += batch.length;
    this.#knownBytes += Buffer.byteLength(text);
  }
}

/** Opens an index file; a missing one is empty, and a line truncated by a crash is ignored. */
export async function openMirrorIndex(path: string): Promise<MirrorIndex> {
  const index = new MirrorIndex(path);
  await index.refresh();
  return index;
}

/** The entry of a line; undefined for a truncated or invalid line, whose file is then checked again. */
function parseLine(line: string): MirrorEntry | Removal | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
