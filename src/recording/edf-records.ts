import { setImmediate as nextTurn } from "node:timers/promises";
import { FormatError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { isShared, requireShared } from "../base/shared-bytes.js";
import type { ByteSource } from "./byte-source.js";
import type { EdfHeader } from "./edf-header.js";

/** Whole records as they lie in the file; with `buffers` the bytes are good until the next block is asked for. */
export interface RawRecords {
  readonly startRecord: number;
  readonly recordCount: number;
  /** `recordCount` x `recordBytes`. */
  readonly bytes: Uint8Array;
}

export interface RecordRange {
  /** First record. @default 0 */
  readonly startRecord?: number;
  /** One past the last record. @default all that the file holds */
  readonly endRecord?: number;
  /** Seconds of recording a block, rounded down to whole records but at least one. @default as the source likes it */
  readonly blockSeconds?: number;
  readonly signal?: AbortSignal;
  /**
   * Places of a block each, two or more, taken in turn where the source can fill them: while the caller works on one, the
   * others are filled. A source of another thread fills shared ones only. @default fresh memory for each block
   */
  readonly buffers?: readonly Uint8Array[];
}

const BLOCK_BYTES = 256 * 1024; // so that a block and its samples stay in a core's cache
const QUICK_MILLISECONDS = 2; // a block that came from memory, and not from a disk or over a network
const SLOW_BLOCKS = 16; // read ahead after one that took longer
const TURN_MILLISECONDS = 10;

/**
 * Read whole records in order, block by block. From a source that must be waited for the next block is fetched while the
 * caller works on this one: two blocks are in memory, or as many as there are `buffers`. Blocks that come at once are read
 * here, in the core that will work on them; other work of this thread gets its turn all the same. RangeError on a range
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
  const here = buffers && readIntoSync && { into: buffers[0]!, readIntoSync };
  const places = placesOf(header, startRecord, endRecord, recordsPerBlock(source, header, range.blockSeconds));
  const ahead = fetchedAhead(source, places, buffers);
  const mostAhead = buffers ? buffers.length - 1 : 1;
  let slowBlocks = here ? 1 : Number.POSITIVE_INFINITY; // still to be waited for; the first tells how quick the source is
  let lastTurn = performance.now();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const began = performance.now();
      const isHere = here !== undefined && slowBlocks === 0 && ahead.isEmpty();
      if (!isHere) ahead.fill(Math.min(mostAhead, slowBlocks));
      const block = isHere ? readBlockHere(source, places, here) : await ahead.shift();
      if (!block) return;
      if (here) {
        const isQuick = performance.now() - began < QUICK_MILLISECONDS;
        slowBlocks = isQuick ? Math.max(0, slowBlocks - 1) : SLOW_BLOCKS;
      }
      if (!isHere) ahead.fill(Math.min(mostAhead, slowBlocks));
      else if (began - lastTurn > TURN_MILLISECONDS) await nextTurn();
      if (!isHere || began - lastTurn > TURN_MILLISECONDS) lastTurn = performance.now();
      yield block;
    }
  } finally {
    await ahead.settle(); // the caller may close the source as soon as it stops
  }
}

/** True where the source can fill these places, rather than give memory of its own. */
export function canFill(source: ByteSource, buffers: readonly Uint8Array[] = []): boolean {
  return (
    buffers.length > 0 &&
    (source.readInto !== undefined || (source.readIntoShared !== undefined && buffers.every(isShared)))
  );
}

/** Blocks that are fetched in turn while the caller works on an earlier one. */
function fetchedAhead(source: ByteSource, places: Iterator<PlaceOfRecords>, buffers?: readonly Uint8Array[]) {
  const ahead: Promise<RawRecords>[] = [];
  let turn = 0;
  return {
    isEmpty: () => ahead.length === 0,
    shift: () => ahead.shift(),
    settle: () => Promise.allSettled(ahead),
    fill(most: number) {
      while (ahead.length < most) {
        const next = places.next();
        if (next.done) return;
        const block = readBlock(source, next.value, buffers?.[turn++ % buffers.length]);
        block.catch(() => {}); // awaited when its turn comes, or dropped when the caller stops early
        ahead.push(block);
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

interface PlaceOfRecords {
  readonly startRecord: number;
  readonly recordCount: number;
  readonly from: number;
  readonly to: number;
}

function* placesOf(
  { headerBytes, recordBytes }: EdfHeader,
  startRecord: number,
  endRecord: number,
  step: number,
): Generator<PlaceOfRecords, void> {
  for (let start = startRecord; start < endRecord; start += step) {
    const end = Math.min(start + step, endRecord);
    const [from, to] = [headerBytes + start * recordBytes, headerBytes + end * recordBytes];
    yield { startRecord: start, recordCount: end - start, from, to };
  }
}

async function readBlock(source: ByteSource, place: PlaceOfRecords, buffer?: Uint8Array): Promise<RawRecords> {
  const { from, to } = place;
  if (!buffer) return wholeBlock(source, place, await source.read(from, to));
  const into = buffer.subarray(0, to - from);
  const count = await (source.readInto
    ? source.readInto(into, from)
    : source.readIntoShared!(requireShared(into), from));
  return wholeBlock(source, place, buffer.subarray(0, count));
}

interface Here {
  readonly into: Uint8Array;
  readonly readIntoSync: (out: Uint8Array, start: number) => number;
}

function readBlockHere(
  source: ByteSource,
  places: Iterator<PlaceOfRecords>,
  { into, readIntoSync }: Here,
): RawRecords | undefined {
  const next = places.next();
  if (next.done) return undefined;
  const { from, to } = next.value;
  return wholeBlock(source, next.value, into.subarray(0, readIntoSync(into.subarray(0, to - from), from)));
}

function wholeBlock({ name }: ByteSource, place: PlaceOfRecords, bytes: Uint8Array): RawRecords {
  const { startRecord, recordCount, from, to } = place;
  if (bytes.byteLength === to - from) return { startRecord, recordCount, bytes };
  const found = `the file became shorter while it was read: ${bytes.byteLength} of ${to - from} bytes found; read it again`;
  throw new FormatError(found, { file: name, byteOffset: from + bytes.byteLength });
}
