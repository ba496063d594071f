import { CacheError } from "@ictal/base/errors";
import { requireShared } from "../base/shared-bytes.js";
import { type ErrorCodec, PLAIN_ERRORS } from "../base/thread-calls.js";
import { WorkerPool } from "../base/worker-pool.js";
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

/** What a thread that fills batches offers. */
export type FillMethods = {
  fill(job: FillJob): WindowOrigin[];
};

/** A CacheError keeps its details on the way between threads, others their message. */
export const FILL_ERRORS: ErrorCodec = {
  toPlain: (error) =>
    error instanceof CacheError ? { message: error.message, cache: error.details } : PLAIN_ERRORS.toPlain(error),
  fromPlain: ({ message, cache }: { message: string; cache?: CacheError["details"] }) =>
    cache ? new CacheError(message, cache) : new Error(message),
};

/** Threads that fill batches in shared memory, each a whole batch at a time in turn. */
export class BatchThreads {
  readonly depth: number;
  readonly slots: SharedSlot[];
  private readonly pool: WorkerPool<FillMethods>;
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
    const data: ThreadSetup = { folder, manifest, shape, fillOptions };
    this.depth = count;
    this.slots = Array.from({ length: count + 1 }, () => slotOf(shape, new SharedArrayBuffer(slotBytes(shape))));
    this.pool = new WorkerPool({
      module: new URL("./batch-worker.js", import.meta.url),
      threads: count,
      name: "a thread that reads windows",
      data,
      errors: FILL_ERRORS,
    });
  }

  async fill(slot: SharedSlot, rows: readonly WindowRow[]): Promise<WindowOrigin[]> {
    requireShared(new Uint8Array(slot.buffer)); // through a caller without types a copy would be filled
    return this.pool.at(this.turn++).call("fill", { buffer: slot.buffer, rows });
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
