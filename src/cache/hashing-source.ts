import { createHash } from "node:crypto";
import type { ByteSource } from "../recording/byte-source.js";

/** A source that hashes its bytes in passing; reads in ascending order cost nothing extra. */
export interface HashingSource extends ByteSource {
  /** SHA-256 of the whole source; reads what was not read in order. */
  digest(): Promise<string>;
}

const REST_BYTES = 1 << 22;

/** Wrap `source` so that its SHA-256 is known at the end without reading it twice. */
export function withSha256(source: ByteSource): HashingSource {
  const hash = createHash("sha256");
  let next = 0;
  const take = (start: number, bytes: Uint8Array) => {
    const end = start + bytes.byteLength;
    if (start > next || end <= next) return;
    hash.update(bytes.subarray(next - start));
    next = end;
  };
  const read = async (start: number, end: number) => {
    const bytes = await source.read(start, end);
    take(start, bytes);
    return bytes;
  };
  const taking =
    <T extends Uint8Array>(fill: (out: T, start: number) => Promise<number>) =>
    async (out: T, start: number) => {
      const filled = await fill(out, start);
      take(start, out.subarray(0, filled));
      return filled;
    };
  return {
    name: source.name,
    byteLength: source.byteLength,
    ...(source.blockBytes !== undefined && { blockBytes: source.blockBytes }),
    read,
    ...(source.readInto && { readInto: taking(source.readInto) }),
    ...(source.readIntoShared && { readIntoShared: taking(source.readIntoShared) }),
    close: source.close?.bind(source),
    async digest() {
      while (next < source.byteLength) {
        const before = next;
        await read(next, Math.min(next + REST_BYTES, source.byteLength));
        if (next === before) break; // the source became shorter
      }
      return hash.digest("hex");
    },
  };
}
