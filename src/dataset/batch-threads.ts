import { Worker } from "node:worker_threads";
import { CacheError } from "@ictal/base/errors";
import { requireShared } from "../base/shared-bytes.js";
import type { Manifest } from "../cache/manifest.js";
import { type BatchShape, type FillOptions, type Slot, slotBytes, slotOf, type WindowOrigin } from "./fill-batch.js";
import type { WindowRow } from "./index-windows.js";
import type { WindowReader } from "./window-reader.js";

/** What a thread is started with. */
export interface ThreadSetup {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly shape: BatchShape;
  readonly fillOptions: FillOptions;
}

/** A batch to fill. */
export interface FillJob {
  readonly buffer: SharedArrayBuffer;
  readonly rows: readonly WindowRow[];
}

/** The arrays of a batch in memory that threads share. */
type SharedSlot = Slot<SharedArrayBuffer>;

/** What a batch was filled with, or why it was not filled. */
export type FillAnswer =
  | { readonly windows: WindowOrigin[] }
  | { readonly message: string; readonly cache?: CacheError["details"] };

interface Waiting {
  readonly resolve: (windows: WindowOrigin[]) => void;
  readonly reject: (error: Error) => void;
}

/** One thread and the batches it was asked for, in order. */
class BatchThread {
  private readonly waiting: Waiting[] = [];
  private readonly worker: Worker;
  private failure: Error | undefined;

  constructor(setup: ThreadSetup) {
    this.worker = new Worker(new URL("./batch-worker.js", import.meta.url), { workerData: setup });
    this.worker.on("message", (answer: FillAnswer) => this.settle(answer));
    this.worker.on("error", (error) => this.fail(error));
    this.worker.on("exit", (code) => this.fail(new Error(`a thread that reads windows ended with code ${code}`)));
  }

  fill(slot: SharedSlot, rows: readonly WindowRow[]): Promise<WindowOrigin[]> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      requireShared(new Uint8Array(slot.buffer)); // through a caller without types a copy would be filled
      this.waiting.push({ resolve, reject });
      const job: FillJob = { buffer: slot.buffer, rows };
      this.worker.postMessage(job);
    });
  }

  private settle(answer: FillAnswer): void {
    const asked = this.waiting.shift();
    if ("windows" in answer) asked?.resolve(answer.windows);
    else asked?.reject(answer.cache ? new CacheError(answer.message, answer.cache) : new Error(answer.message));
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.splice(0)) reject(this.failure);
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

/** Threads that fill batches in shared memory, each a whole batch at a time in turn. */
export class BatchThreads {
  readonly depth: number;
  readonly slots: SharedSlot[];
  private readonly threads: readonly BatchThread[];
  private turn = 0;

  constructor(
    count: number,
    {
      reader,
      shape,
      fillOptions,
    }: {
      readonly reader: WindowReader;
      readonly shape: BatchShape;
      readonly fillOptions: FillOptions;
    },
  ) {
    const { folder, manifest } = reader;
    this.depth = count;
    this.slots = Array.from({ length: count + 1 }, () => slotOf(shape, new SharedArrayBuffer(slotBytes(shape))));
    this.threads = Array.from({ length: count }, () => new BatchThread({ folder, manifest, shape, fillOptions }));
  }

  fill(slot: SharedSlot, rows: readonly WindowRow[]): Promise<WindowOrigin[]> {
    const thread = this.threads[this.turn++ % this.threads.length];
    if (!thread) throw new RangeError("invalid workers: 0");
    return thread.fill(slot, rows);
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }
}
