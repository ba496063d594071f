import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { FormatError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { isShared, requireShared } from "../base/shared-bytes.js";
import type { ByteSource } from "./byte-source.js";
import type { EdfHeader } from "./edf-header.js";

/** Whole records as stored in the file; with `buffers` the bytes are valid until the next block is requested. */
export interface RawRecords {
  readonly startRecord: number;
  readonly recordCount: number;
  /** `recordCount` x `recordBytes`. */
  readonly bytes: Uint8Array;
}

export interface RecordRange {
  /** First record. @default 0 */
  readonly startRecord?: number | undefined;
  /** One past the last record. @default all that the file holds */
  readonly endRecord?: number | undefined;
  /** Seconds of recording per block, rounded down to whole records but at least one. @default the block size of the source */
  readonly blockSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Buffers of a block each, two or more, used in turn where the source can fill them: while the caller processes one, the
   * others are filled. A source of another thread fills shared ones only. @default new memory for each block
   */
  readonly buffers?: readonly Uint8Array[] | undefined;
}

const BLOCK_BYTES = 256 * 1024; // so that a block and its samples fit in a core's cache
const FAST_READ_MILLISECONDS = 2; // a block from the page cache, not from a disk or over a network
const BLOCKS_AFTER_SLOW_READ = 16; // blocks prefetched after one that took longer
const YIELD_MILLISECONDS = 10;

/**
 * Read whole records in order, block by block. From a slow source the next block is prefetched while the caller
 * processes this one: two blocks are in memory, or as many as there are `buffers`. Blocks that are cached are read
 * synchronously, on the core that will process them; the event loop still gets its turn. RangeError on a range
 * outside the file; FormatError when the source ends early.
 */
export async function* readRecords(
  source: ByteSource,
  header: EdfHeader,
  range: RecordRange = {},
): AsyncGenerator<RawRecords> {
  const { startRecord = 0, endRecord = header.recordsFound, signal } = range;
  requireCounts({ startRecord, endRecord }, 0);
  if (!(startRecord >= 0 && startRecord <= endRecord && endRecord <= header.recordsFound)) {
    throw new RangeError(`invalid records: ${startRecord}..${endRecord}; the file has ${header.recordsFound}`);
  }
  const buffers = canFill(source, range.buffers) ? range.buffers : undefined;
  const { readIntoSync } = source;
  const into = buffers?.[0];
  const syncRead = into && readIntoSync && { into, readIntoSync };
  const byteRanges = byteRangesOf(header, startRecord, endRecord, recordsPerBlock(source, header, range.blockSeconds));
  const prefetched = createPrefetcher(source, byteRanges, buffers);
  const maxPrefetched = buffers ? buffers.length - 1 : 1;
  let blocksToPrefetch = syncRead ? 1 : Number.POSITIVE_INFINITY; // the first one measures how fast the source is
  let lastYield = performance.now();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const began = performance.now();
      const isSync = syncRead !== undefined && blocksToPrefetch === 0 && prefetched.isEmpty();
      if (!isSync) prefetched.fill(Math.min(maxPrefetched, blocksToPrefetch));
      const block = isSync ? readBlockSync(source, byteRanges, syncRead) : await prefetched.shift();
      if (!block) return;
      if (syncRead) {
        const isFast = performance.now() - began < FAST_READ_MILLISECONDS;
        blocksToPrefetch = isFast ? Math.max(0, blocksToPrefetch - 1) : BLOCKS_AFTER_SLOW_READ;
      }
      if (!isSync) prefetched.fill(Math.min(maxPrefetched, blocksToPrefetch));
      else if (began - lastYield > YIELD_MILLISECONDS) await yieldToEventLoop();
      if (!isSync || began - lastYield > YIELD_MILLISECONDS) lastYield = performance.now();
      yield block;
    }
  } finally {
    await prefetched.settle(); // the caller may close the source as soon as it stops
  }
}

/** True where the source can fill these buffers, rather than return memory of its own. */
export function canFill(source: ByteSource, buffers: readonly Uint8Array[] = []): boolean {
  return (
    buffers.length > 0 &&
    (source.readInto !== undefined || (source.readIntoShared !== undefined && buffers.every(isShared)))
  );
}

/** Blocks that are fetched in order while the caller processes an earlier one. */
function createPrefetcher(source: ByteSource, byteRanges: Iterator<RecordByteRange>, buffers?: readonly Uint8Array[]) {
  const prefetched: Promise<RawRecords>[] = [];
  let nextBuffer = 0;
  return {
    isEmpty: () => prefetched.length === 0,
    shift: () => prefetched.shift(),
    settle: () => Promise.allSettled(prefetched),
    fill(most: number) {
      while (prefetched.length < most) {
        const next = byteRanges.next();
        if (next.done) return;
        const block = readBlock(source, next.value, buffers?.[nextBuffer++ % buffers.length]);
        block.catch(() => {}); // awaited by shift, or dropped when the caller stops early
        prefetched.push(block);
      }
    },
  };
}

/** Records of a whole block. */
export function recordsPerBlock(source: ByteSource, header: EdfHeader, blockSeconds: number | undefined): number {
  const { blockBytes = BLOCK_BYTES } = source;
  if (blockSeconds === undefined) return Math.max(1, Math.floor(blockBytes / header.recordBytes));
  if (!(blockSeconds > 0)) throw new RangeError(`invalid blockSeconds: ${blockSeconds}`);
  const duration = header.recordDurationSeconds > 0 ? header.recordDurationSeconds : 1;
  return Math.max(1, Math.floor(blockSeconds / duration + 1e-9));
}

interface RecordByteRange {
  readonly startRecord: number;
  readonly recordCount: number;
  readonly from: number;
  readonly to: number;
}

function* byteRangesOf(
  { headerBytes, recordBytes }: EdfHeader,
  startRecord: number,
  endRecord: number,
  step: number,
): Generator<RecordByteRange, void> {
  for (let start = startRecord; start < endRecord; start += step) {
    const end = Math.min(start + step, endRecord);
    const [from, to] = [headerBytes + start * recordBytes, headerBytes + end * recordBytes];
    yield { startRecord: start, recordCount: end - start, from, to };
  }
}

async function readBlock(source: ByteSource, byteRange: RecordByteRange, buffer?: Uint8Array): Promise<RawRecords> {
  const { from, to } = byteRange;
  if (!buffer) return checkedBlock(source, byteRange, await source.read(from, to));
  const into = buffer.subarray(0, to - from);
  return checkedBlock(source, byteRange, buffer.subarray(0, await fillFrom(source, into, from)));
}

function fillFrom(source: ByteSource, into: Uint8Array, from: number): Promise<number> {
  if (source.readInto) return source.readInto(into, from);
  if (source.readIntoShared) return source.readIntoShared(requireShared(into), from);
  throw new RangeError(`invalid source: ${source.name} cannot fill buffers`);
}

interface SyncRead {
  readonly into: Uint8Array;
  readonly readIntoSync: (out: Uint8Array, start: number) => number;
}

function readBlockSync(
  source: ByteSource,
  byteRanges: Iterator<RecordByteRange>,
  { into, readIntoSync }: SyncRead,
): RawRecords | undefined {
  const next = byteRanges.next();
  if (next.done) return undefined;
  const { from, to } = next.value;
  return checkedBlock(source, next.value, into.subarray(0, readIntoSync(into.subarray(0, to - from), from)));
}

function checkedBlock({ name }: ByteSource, byteRange: RecordByteRange, bytes: Uint8Array): RawRecords {
  const { startRecord, recordCount, from, to } = byteRange;
  if (bytes.byteLength === to - from) return { startRecord, recordCount, bytes };
  const found = `the file became shorter while it was read: ${bytes.byteLength} of ${to - from} bytes found; read it again`;
  throw new FormatError(found, { file: name, byteOffset: from + bytes.byteLength });
}
