import { FormatError } from "../base/errors.js";
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
  /** Seconds of recording a block, rounded down to whole records but at least one. @default what fits about 2 MiB */
  readonly blockSeconds?: number;
  readonly signal?: AbortSignal;
  /** Two places of a block each, taken in turn where the source can fill them. @default fresh memory for each block */
  readonly buffers?: readonly [Uint8Array, Uint8Array];
}

const BLOCK_BYTES = 2 * 1024 * 1024;

/**
 * Read whole records in order, block by block, the next block fetched while the caller works on this one: two blocks
 * are in memory. RangeError on a range outside the file; FormatError when the source ends early.
 */
export async function* readRecords(
  source: ByteSource,
  header: EdfHeader,
  range: RecordRange = {},
): AsyncGenerator<RawRecords> {
  const { startRecord = 0, endRecord = header.recordsFound, signal } = range;
  if (!(startRecord >= 0 && startRecord <= endRecord && endRecord <= header.recordsFound)) {
    throw new RangeError(`invalid records: ${startRecord}..${endRecord}; the file has ${header.recordsFound}`);
  }
  const step = recordsPerBlock(header, range.blockSeconds);
  let turn = 0;
  const fetchBlock = (start: number) =>
    readBlock(source, header, start, Math.min(start + step, endRecord), range.buffers?.[turn++ % 2]);
  let next = startRecord < endRecord ? fetchBlock(startRecord) : undefined;
  try {
    while (next) {
      signal?.throwIfAborted();
      const block: RawRecords = await next;
      const end = block.startRecord + block.recordCount;
      next = end < endRecord ? fetchBlock(end) : undefined;
      next?.catch(() => {}); // awaited in the next round, or dropped when the caller stops early
      yield block;
    }
  } finally {
    await next?.catch(() => {}); // the caller may close the source as soon as it stops
  }
}

/** Records of a whole block. */
export function recordsPerBlock(header: EdfHeader, blockSeconds: number | undefined): number {
  if (blockSeconds === undefined) return Math.max(1, Math.floor(BLOCK_BYTES / header.recordBytes));
  if (!(blockSeconds > 0)) throw new RangeError(`invalid blockSeconds: ${blockSeconds}`);
  const duration = header.recordDurationSeconds > 0 ? header.recordDurationSeconds : 1;
  return Math.max(1, Math.floor(blockSeconds / duration + 1e-9));
}

async function readBlock(
  source: ByteSource,
  header: EdfHeader,
  start: number,
  end: number,
  buffer: Uint8Array | undefined,
): Promise<RawRecords> {
  const from = header.headerBytes + start * header.recordBytes;
  const to = header.headerBytes + end * header.recordBytes;
  const bytes = await readRange(source, from, to, buffer);
  if (bytes.byteLength === to - from) return { startRecord: start, recordCount: end - start, bytes };
  const found = `the file became shorter while it was read: ${bytes.byteLength} of ${to - from} bytes found; read it again`;
  throw new FormatError(found, { file: source.name, byteOffset: from + bytes.byteLength });
}

async function readRange(source: ByteSource, from: number, to: number, buffer?: Uint8Array): Promise<Uint8Array> {
  if (!buffer || !source.readInto) return source.read(from, to);
  return buffer.subarray(0, await source.readInto(buffer.subarray(0, to - from), from));
}
