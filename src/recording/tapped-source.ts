import { StoreError } from "@ictal/base/errors";
import type { ByteSource } from "./byte-source.js";

/** Reads up to this length are kept and compared with a second read of the same bytes: headers, and record times. */
const KEPT_READ_BYTES = 1 << 16;
/** Number of reads kept, the first ones; each read is compared with all of them. */
const KEPT_READS = 256;

interface KeptRead {
  readonly start: number;
  readonly bytes: Uint8Array;
}

function agreesOnOverlap(a: KeptRead, start: number, bytes: Uint8Array): boolean {
  const from = Math.max(a.start, start);
  const to = Math.min(a.start + a.bytes.length, start + bytes.length);
  if (from >= to) return true;
  const left = a.bytes.subarray(from - a.start, to - a.start);
  return Buffer.compare(left, bytes.subarray(from - start, to - start)) === 0;
}

/**
 * `source`, each byte of which is passed to `onBytes` once and in order, as far as it is read in ascending order; concurrent
 * reads are resolved in the order of their start. Bytes that were skipped are passed when they are read later; `end()`
 * is the offset up to which bytes were passed. Short reads that are repeated, as a header's with the first samples, must
 * return the same bytes both times, so that the tapped bytes are those that were used: else StoreError "BadDigest".
 */
export function tappedSource(
  source: ByteSource,
  onBytes: (bytes: Uint8Array) => void,
): { readonly source: ByteSource; end(): number } {
  let next = 0;
  let previous: Promise<unknown> = Promise.resolve();
  const kept: KeptRead[] = [];
  const compare = (start: number, bytes: Uint8Array) => {
    if (kept.some((each) => !agreesOnOverlap(each, start, bytes)))
      throw new StoreError(
        `"${source.name}" returned different bytes when bytes ${start} to ${start + bytes.length} were read again: they were damaged in transfer; read it again`,
        { key: source.name, code: "BadDigest" },
      );
    if (bytes.length <= KEPT_READ_BYTES && kept.length < KEPT_READS) kept.push({ start, bytes: bytes.slice() });
  };
  const deliver = (start: number, bytes: Uint8Array) => {
    compare(start, bytes);
    const end = start + bytes.byteLength;
    if (start > next || end <= next) return;
    onBytes(bytes.subarray(next - start));
    next = end;
  };
  /** A later read that finishes first waits: its bytes cannot be passed on before those of the previous one. */
  const inOrder = <T>(reading: Promise<T>, use: (result: T) => void): Promise<T> => {
    const before = previous;
    const done = (async () => {
      const [result] = await Promise.all([reading, before]);
      use(result);
      return result;
    })();
    previous = done.catch(() => undefined);
    return done;
  };
  const delivering =
    <T extends Uint8Array>(fill: (out: T, start: number) => Promise<number>) =>
    (out: T, start: number) =>
      inOrder(fill.call(source, out, start), (filled) => deliver(start, out.subarray(0, filled)));
  const { readInto, readIntoShared } = source;
  return {
    source: {
      name: source.name,
      byteLength: source.byteLength,
      ...(source.blockBytes !== undefined && { blockBytes: source.blockBytes }),
      read: (start, end) => inOrder(source.read(start, end), (bytes) => deliver(start, bytes)),
      ...(readInto && { readInto: delivering(readInto) }),
      ...(readIntoShared && { readIntoShared: delivering(readIntoShared) }),
      ...(source.close && { close: source.close.bind(source) }),
    },
    end: () => next,
  };
}
