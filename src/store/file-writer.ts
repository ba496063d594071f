import { availableParallelism } from "node:os";
import { requireCounts } from "@ictal/base/options";
import type { GivenBuffer, OwnedBytes } from "../base/owned-bytes.js";
import { type PoolThread, WorkerPool } from "../base/worker-pool.js";
import type { Destination, WriterMethods, WrittenFile } from "./file-writer-worker.js";
import type { DigestName, ExpectedDigest } from "./store.js";

const MAX_THREADS = 4;

export interface FileWriterOptions {
  /** @default the processors, at most 4 */
  readonly threads?: number | undefined;
  /** Each open file holds up to three batches of this size. @default 1 MiB */
  readonly batchBytes?: number | undefined;
}

/** Threads shared by all files being written. No thread is started before the first file. */
export class FileWriterPool {
  readonly #pool: WorkerPool<WriterMethods>;
  readonly #batchBytes: number;
  #lastId = 0;

  constructor(options: FileWriterOptions = {}) {
    const { threads = Math.min(MAX_THREADS, availableParallelism()), batchBytes = 1 << 20 } = options;
    requireCounts({ threads, batchBytes });
    this.#batchBytes = batchBytes;
    this.#pool = new WorkerPool({
      module: new URL("./file-writer-worker.js", import.meta.url),
      threads,
      name: "the thread that writes files",
    });
  }

  /** Opens a file at `offset`: bytes after it are cut off, bytes before it are hashed; `note` is a file written with it. */
  async open(
    path: string,
    offset: number,
    names: readonly DigestName[],
    note?: { readonly path: string; readonly text: string },
  ): Promise<FileWriter> {
    const thread = this.#pool.leastLoaded();
    this.#lastId += 1;
    const id = this.#lastId;
    thread.load += 1;
    try {
      await thread.call("open", { id, path, offset, names, ...(note && { note }) });
    } catch (error) {
      thread.load -= 1;
      await thread.call("close", { id }).catch(() => undefined); // the first error is the one to report
      throw error;
    }
    return new FileWriter(thread, id, this.#batchBytes);
  }

  /** Writes a whole file through a temporary name. */
  async put(temporary: string, bytes: OwnedBytes, destination: Destination): Promise<WrittenFile> {
    const thread = this.#pool.leastLoaded();
    thread.load += 1;
    try {
      const buffer = bytes.give();
      return await thread.call("put", { temporary, buffer, destination }, [buffer]);
    } finally {
      thread.load -= 1;
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

const MAX_WAITING_BATCHES = 2; // one is written while another waits

/** A file being written in order by another thread, which hashes it meanwhile. */
export class FileWriter {
  readonly #thread: PoolThread<WriterMethods>;
  readonly #id: number;
  readonly #batchBytes: number;
  #batch: GivenBuffer[] = [];
  #byteLength = 0;
  #waitingCount = 0;
  #inFlight: Promise<void> = Promise.resolve();

  constructor(thread: PoolThread<WriterMethods>, id: number, batchBytes: number) {
    this.#thread = thread;
    this.#id = id;
    this.#batchBytes = batchBytes;
  }

  /** Takes ownership of the bytes; a promise resolves when more can be written. The thread gets batches of `batchBytes`. */
  write(bytes: OwnedBytes): Promise<void> | undefined {
    if (bytes.byteLength === 0) return undefined;
    this.#batch.push(bytes.give());
    this.#byteLength += bytes.byteLength;
    if (this.#byteLength >= this.#batchBytes) this.#flush();
    return this.#waitingCount >= MAX_WAITING_BATCHES ? this.#inFlight : undefined;
  }

  /** Writes the rest, closes the file and, if all digests are as expected, moves it to its destination and deletes `note`. */
  finish(destination: Destination, expected: readonly ExpectedDigest[], note: string): Promise<WrittenFile> {
    return this.#end(() => this.#thread.call("finish", { id: this.#id, destination, expected, note }));
  }

  /** Writes the rest and closes the file where it is. */
  leave(): Promise<void> {
    return this.#end(() => this.#thread.call("close", { id: this.#id }));
  }

  #flush(): void {
    if (this.#byteLength === 0) return;
    const buffers = this.#batch;
    this.#batch = [];
    this.#byteLength = 0;
    this.#waitingCount += 1;
    this.#inFlight = this.#inFlight.then(async () => {
      await this.#thread.call("write", { id: this.#id, buffers }, buffers);
      this.#waitingCount -= 1;
    });
    this.#inFlight.catch(() => undefined); // thrown when it is awaited next
  }

  async #end<T>(last: () => Promise<T>): Promise<T> {
    try {
      this.#flush();
      await this.#inFlight;
      return await last();
    } catch (error) {
      await this.#thread.call("close", { id: this.#id }).catch(() => undefined); // the first error is the one to report
      throw error;
    } finally {
      this.#thread.load -= 1;
    }
  }
}
