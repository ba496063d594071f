import { StoreError } from "@ictal/base/errors";
import type { ByteSource } from "./byte-source.js";

/** Reads up to this length are kept to compare a second reading with: headers, and the times of records. */
const KEPT_READ_BYTES = 1 << 16;
/** So many are kept, the first ones; each read is compared with all of them. */
const KEPT_READS = 256;

interface Kept {
  readonly start: number;
  readonly bytes: Uint8Array;
}

function sameWhereBoth(a: Kept, start: number, bytes: Uint8Array): boolean {
  const from = Math.max(a.start, start);
  const to = Math.min(a.start + a.bytes.length, start + bytes.length);
  if (from >= to) return true;
  const left = a.bytes.subarray(from - a.start, to - a.start);
  return Buffer.compare(left, bytes.subarray(from - start, to - start)) === 0;
}

/**
 * `source`, each byte of which is shown to `take` once and in order, as far as it is read in ascending order; reads begun
 * together are answered in the order of their beginning. What was passed over is shown when it is read later; `end()` says
 * up to where the bytes were shown. Short reads whose bytes come a second time, as a header's do with the first samples,
 * must bring the same both times, so that what was shown is what was used: else StoreError "BadDigest".
 */
export function tappedSource(
  source: ByteSource,
  take: (bytes: Uint8Array) => void,
): { readonly source: ByteSource; end(): number } {
  let next = 0;
  let earlier: Promise<unknown> = Promise.resolve();
  const kept: Kept[] = [];
  const compare = (start: number, bytes: Uint8Array) => {
    if (kept.some((each) => !sameWhereBoth(each, start, bytes)))
      throw new StoreError(
        `"${source.name}" gave other bytes when bytes ${start} to ${start + bytes.length} were read again: they were damaged on the way; read it again`,
        { key: source.name, code: "BadDigest" },
      );
    if (bytes.length <= KEPT_READ_BYTES && kept.length < KEPT_READS) kept.push({ start, bytes: bytes.slice() });
  };
  const show = (start: number, bytes: Uint8Array) => {
    compare(start, bytes);
    const end = start + bytes.byteLength;
    if (start > next || end <= next) return;
    take(bytes.subarray(next - start));
    next = end;
  };
  /** A later read that comes first waits: its bytes could not be shown before those of the earlier one. */
  const inTurn = <T>(reading: Promise<T>, shown: (result: T) => void): Promise<T> => {
    const before = earlier;
    const done = (async () => {
      const [result] = await Promise.all([reading, before]);
      shown(result);
      return result;
    })();
    earlier = done.catch(() => undefined);
    return done;
  };
  const showing =
    <T extends Uint8Array>(fill: (out: T, start: number) => Promise<number>) =>
    (out: T, start: number) =>
      inTurn(fill.call(source, out, start), (filled) => show(start, out.subarray(0, filled)));
  const { readInto, readIntoShared } = source;
  return {
    source: {
      name: source.name,
      byteLength: source.byteLength,
      ...(source.blockBytes !== undefined && { blockBytes: source.blockBytes }),
      read: (start, end) => inTurn(source.read(start, end), (bytes) => show(start, bytes)),
      ...(readInto && { readInto: showing(readInto) }),
      ...(readIntoShared && { readIntoShared: showing(readIntoShared) }),
      close: source.close?.bind(source),
    },
    end: () => next,
  };
}
