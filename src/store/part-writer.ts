import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { requireCounts } from "@ictal/base/options";
import type { GivenBuffer, OwnedBytes } from "../base/owned-bytes.js";
import type { PartReply, PartRequest, Place } from "./part-worker.js";
import type { DigestName, ExpectedDigest } from "./store.js";

/** What became of a file. */
export type Placed = Pick<PartReply, "digests" | "modifiedMilliseconds">;

/** A file being written in order by another thread, which hashes it on the way. */
export interface PartWriter {
  /** Takes the bytes over; a promise says when more may come. They go to the thread in batches of `batchBytes`. */
  write(bytes: OwnedBytes): Promise<void> | undefined;
  /** Writes the rest, closes the file and moves it into its place, unless a digest is not the one expected; then `note` goes. */
  finish(place: Place, expected: readonly ExpectedDigest[], note: string): Promise<Placed>;
  /** Keeps what is written so far and closes the file. */
  leave(): Promise<void>;
}

/** Threads shared by all files being written. */
export interface PartWriters {
  /** Opens a file at `offset`: what lies behind is cut off, what lies before is hashed; `note` is a file written with it. */
  open(
    path: string,
    offset: number,
    names: readonly DigestName[],
    note?: { readonly path: string; readonly text: string },
  ): Promise<PartWriter>;
  /** Writes a whole file through a temporary name. */
  put(temporary: string, bytes: OwnedBytes, place: Place): Promise<Placed>;
  close(): Promise<void>;
}

const MOST_THREADS = 4;

export interface PartWritersOptions {
  /** @default the processors, at most 4 */
  readonly threads?: number;
  /** Each open file holds up to three batches of this size. @default 1 MiB */
  readonly batchBytes?: number;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, { done: (reply: PartReply) => void; fail: (error: Error) => void }>;
  openCount: number;
  /** Why the thread is no longer there. */
  failure?: Error;
}

/** Starts no thread before the first file; the threads keep no process alive by themselves. */
export function createPartWriters(options: PartWritersOptions = {}): PartWriters {
  const { threads: threadCount = Math.min(MOST_THREADS, availableParallelism()), batchBytes = 1 << 20 } = options;
  requireCounts({ threads: threadCount, batchBytes });
  const threads: Thread[] = [];
  let lastId = 0;

  const leastBusy = (): Thread => {
    const idle = threads.find(({ openCount }) => openCount === 0);
    if (idle) return idle;
    if (threads.length < threadCount) threads.push(startThread());
    return threads.reduce((best, thread) => (thread.openCount < best.openCount ? thread : best));
  };

  const nextId = () => {
    lastId += 1;
    return lastId;
  };

  return {
    async open(path, offset, names, note) {
      const thread = leastBusy();
      const id = nextId();
      thread.openCount += 1;
      const done = () => {
        thread.openCount -= 1;
      };
      try {
        await ask(thread, { id, kind: "open", path, offset, names, ...(note && { note }) });
      } catch (error) {
        done();
        await ask(thread, { id, kind: "close" }).catch(() => undefined); // the first error is the one to tell
        throw error;
      }
      return partWriter({ thread, id, batchBytes, done });
    },
    async put(temporary, bytes, place) {
      const thread = leastBusy();
      thread.openCount += 1;
      try {
        return await ask(thread, { id: nextId(), kind: "put", temporary, buffer: bytes.give(), place });
      } finally {
        thread.openCount -= 1;
      }
    },
    async close() {
      await Promise.all(threads.splice(0).map(({ worker }) => worker.terminate()));
    },
  };
}

function startThread(): Thread {
  // Node's own flags of this process, such as --input-type, need not suit a thread that runs a file
  const worker = new Worker(new URL("./part-worker.js", import.meta.url), { execArgv: [] });
  const waiting: Thread["waiting"] = new Map();
  const thread: Thread = { worker, waiting, openCount: 0 };
  worker.on("message", (reply: PartReply) => {
    const asker = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
    if (reply.error) asker?.fail(Object.assign(new Error(reply.error.message), { code: reply.error.code }));
    else asker?.done(reply);
  });
  const die = (error: Error) => {
    thread.failure ??= error;
    for (const { fail } of waiting.values()) fail(thread.failure);
    waiting.clear();
  };
  worker.on("error", die);
  worker.on("exit", (code) => die(new Error(`the thread that writes files ended with code ${code}`)));
  worker.unref();
  return thread;
}

/** The buffers of a request, which go over without a copy. */
function movedWith(request: PartRequest): readonly GivenBuffer[] {
  if (request.kind === "put") return [request.buffer];
  return request.kind === "write" ? request.buffers : [];
}

/** One question at a time per file; the answer is awaited before the next. */
function ask(thread: Thread, request: PartRequest): Promise<PartReply> {
  if (thread.failure) return Promise.reject(thread.failure);
  return new Promise((done, fail) => {
    thread.waiting.set(request.id, { done, fail });
    thread.worker.ref();
    thread.worker.postMessage(request, movedWith(request));
  });
}

interface OpenFile {
  readonly thread: Thread;
  readonly id: number;
  readonly batchBytes: number;
  readonly done: () => void;
}

const MOST_WAITING_BATCHES = 2; // one is written while another waits

function partWriter({ thread, id, batchBytes, done }: OpenFile): PartWriter {
  let batch: GivenBuffer[] = [];
  let length = 0;
  let waitingCount = 0;
  let inFlight: Promise<void> = Promise.resolve();

  const flush = () => {
    if (length === 0) return;
    const buffers = batch;
    batch = [];
    length = 0;
    waitingCount += 1;
    inFlight = inFlight.then(async () => {
      await ask(thread, { id, kind: "write", buffers });
      waitingCount -= 1;
    });
    inFlight.catch(() => undefined); // met by whoever awaits it next
  };

  const end = async (request: PartRequest): Promise<PartReply> => {
    try {
      flush();
      await inFlight;
      return await ask(thread, request);
    } catch (error) {
      await ask(thread, { id, kind: "close" }).catch(() => undefined); // the first error is the one to tell
      throw error;
    } finally {
      done();
    }
  };

  return {
    write(bytes) {
      if (bytes.byteLength === 0) return undefined;
      batch.push(bytes.give());
      length += bytes.byteLength;
      if (length >= batchBytes) flush();
      return waitingCount >= MOST_WAITING_BATCHES ? inFlight : undefined;
    },
    finish: (place, expected, note) => end({ id, kind: "finish", place, expected, note }),
    leave: async () => void (await end({ id, kind: "close" })),
  };
}
