import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { PartReply, PartRequest } from "./part-worker.js";
import type { DigestName } from "./store.js";

/** A file being written in order by another thread, which hashes it on the way. */
export interface PartWriter {
  /** Copies the bytes at once; a promise says when more may come. They reach the disk in pieces of `bufferBytes`. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Writes the rest, syncs and closes the file, and gives the digests of the whole in hexadecimal. */
  finish(): Promise<Partial<Record<DigestName, string>>>;
  /** Keeps what is written so far and closes the file. */
  leave(): Promise<void>;
}

/** Threads shared by all files being written. */
export interface PartWriters {
  /** Opens a file at `offset`: what lies behind is cut off, what lies before is hashed. */
  open(path: string, offset: number, names: readonly DigestName[]): Promise<PartWriter>;
  close(): Promise<void>;
}

const MOST_THREADS = 4;

export interface PartWritersOptions {
  /** @default the processors, at most 4 */
  readonly threads?: number;
  /** Each open file has up to three buffers of this size. @default 1 MiB */
  readonly bufferBytes?: number;
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
  const { threads: threadCount = Math.min(MOST_THREADS, availableParallelism()), bufferBytes = 1 << 20 } = options;
  const threads: Thread[] = [];
  const buffers: ArrayBuffer[] = []; // used again, since fresh memory costs more than the copy into it
  let lastId = 0;

  const leastBusy = (): Thread => {
    const idle = threads.find(({ openCount }) => openCount === 0);
    if (idle) return idle;
    if (threads.length < threadCount) threads.push(startThread());
    return threads.reduce((best, thread) => (thread.openCount < best.openCount ? thread : best));
  };

  return {
    async open(path, offset, names) {
      const thread = leastBusy();
      lastId += 1;
      const id = lastId;
      thread.openCount += 1;
      const close = async () => {
        thread.openCount -= 1;
        await ask(thread, { id, kind: "close" });
      };
      try {
        await ask(thread, { id, kind: "open", path, offset, names });
      } catch (error) {
        await close();
        throw error;
      }
      return partWriter({ thread, id, buffers, bufferBytes, close });
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

/** One question at a time per file; the answer is awaited before the next. `moved` buffers go over without a copy. */
function ask(thread: Thread, request: PartRequest, moved: ArrayBuffer[] = []): Promise<PartReply> {
  if (thread.failure) return Promise.reject(thread.failure);
  return new Promise((done, fail) => {
    thread.waiting.set(request.id, { done, fail });
    thread.worker.ref();
    thread.worker.postMessage(request, moved);
  });
}

interface OpenFile {
  readonly thread: Thread;
  readonly id: number;
  readonly buffers: ArrayBuffer[];
  readonly bufferBytes: number;
  readonly close: () => Promise<void>;
}

const MOST_WAITING_PARTS = 2; // of a buffer each: one is written while another waits

function partWriter({ thread, id, buffers, bufferBytes, close }: OpenFile): PartWriter {
  let filling: Uint8Array | undefined;
  let length = 0;
  let waitingBytes = 0;
  let inFlight: Promise<void> = Promise.resolve();

  const send = (buffer: ArrayBuffer, count: number) => {
    waitingBytes += count;
    const sent = inFlight.then(async () => {
      const reply = await ask(thread, { id, kind: "write", buffer, length: count }, [buffer]);
      waitingBytes -= count;
      if (reply.buffer) buffers.push(reply.buffer);
    });
    sent.catch(() => undefined); // met by whoever awaits it next
    inFlight = sent;
  };

  const flush = () => {
    if (filling && length > 0) send(filling.buffer as ArrayBuffer, length);
    else if (filling) buffers.push(filling.buffer as ArrayBuffer);
    filling = undefined;
    length = 0;
  };

  const copy = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length; ) {
      filling ??= new Uint8Array(buffers.pop() ?? new ArrayBuffer(bufferBytes));
      const count = Math.min(bytes.length - done, bufferBytes - length);
      filling.set(bytes.subarray(done, done + count), length);
      length += count;
      done += count;
      if (length === bufferBytes) flush();
    }
  };

  const end = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      flush();
      await inFlight;
      return await work();
    } finally {
      await close();
    }
  };

  return {
    write(bytes) {
      copy(bytes);
      return waitingBytes >= MOST_WAITING_PARTS * bufferBytes ? inFlight : undefined;
    },
    finish: () => end(async () => (await ask(thread, { id, kind: "finish" })).digests ?? {}),
    leave: () => end(async () => undefined),
  };
}
