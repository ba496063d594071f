import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { StoreError } from "@ictal/base/errors";
import { crc32c } from "./crc32c.js";
import type { DigestName, ExpectedDigest } from "./store.js";

/** An incremental digest. */
export interface Digest {
  readonly name: DigestName;
  update(bytes: Uint8Array): void;
  /** The result in lower-case hexadecimal, most significant byte first; call once. */
  hex(): string;
}

/** A digest of one of the kinds that S3 objects carry. */
export function createDigest(name: DigestName): Digest {
  if (name === "crc32") return crcDigest(name, (bytes, value) => crc32(bytes, value));
  if (name === "crc32c") return crcDigest(name, crc32c);
  if (name === "crc64nvme") return crc64Digest();
  const hash = createHash(name);
  return { name, update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}

/**
 * Throws the StoreError "BadDigest" when a digest of the bytes of `key` is another than expected; `hexOf` gives what was
 * found.
 */
export function checkDigests(
  key: string,
  expected: readonly ExpectedDigest[],
  hexOf: (item: ExpectedDigest) => string | undefined,
): void {
  const wrong = expected.find((item) => hexOf(item) !== item.hex);
  if (!wrong) return;
  throw new StoreError(
    `"${key}" came with ${wrong.name} ${hexOf(wrong)}, expected ${wrong.hex}: its bytes were damaged in transfer or in the store, or changed after the download; read it again, and if that repeats, replace it by an intact copy (ictal s3 pull downloads one)`,
    { key, code: "BadDigest" },
  );
}

/** `checkDigests` for bytes that are in memory. */
export function checkBytes(key: string, bytes: Uint8Array, expected: readonly ExpectedDigest[]): void {
  const wrong = digestMismatch(bytes, expected);
  if (wrong) checkDigests(key, [wrong.expected], () => wrong.found);
}

/** The first of `expected` that `bytes` contradict, with what was found, or undefined when all agree. */
export function digestMismatch(
  bytes: Uint8Array,
  expected: readonly ExpectedDigest[],
): { expected: ExpectedDigest; found: string } | undefined {
  for (const item of expected) {
    const digest = createDigest(item.name);
    digest.update(bytes);
    const found = digest.hex();
    if (found !== item.hex) return { expected: item, found };
  }
  return undefined;
}

function crcDigest(name: DigestName, next: (bytes: Uint8Array, value: number) => number): Digest {
  let value = 0;
  return {
    name,
    update(bytes) {
      value = next(bytes, value);
    },
    hex: () => (value >>> 0).toString(16).padStart(8, "0"),
  };
}

/** Tables for eight bytes at once: entry `256 * k + b` is the CRC of byte `b` followed by `k` zero bytes. */
interface Crc64Tables {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

let crc64Tables: Crc64Tables | undefined;

function makeCrc64Tables(): Crc64Tables {
  const low = new Uint32Array(8 * 256);
  const high = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let l = byte;
    let h = 0;
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (carry) {
        l ^= 0xac4bc9b5; // the reflected polynomial 0x9A6C9329AC4BC9B5 in halves
        h ^= 0x9a6c9329;
      }
    }
    low[byte] = l;
    high[byte] = h;
  }
  for (let i = 256; i < 8 * 256; i++) {
    const l = low[i - 256]!;
    const h = high[i - 256]!;
    low[i] = ((l >>> 8) | (h << 24)) ^ low[l & 0xff]!;
    high[i] = (h >>> 8) ^ high[l & 0xff]!;
  }
  return { low, high };
}

/** CRC-64/NVME (NVM Express specification), S3's own default; slicing by eight (Kounavis and Berry, ISCC 2005). */
function crc64Digest(): Digest {
  crc64Tables ??= makeCrc64Tables();
  const { low, high } = crc64Tables;
  let l = ~0;
  let h = ~0;
  return {
    name: "crc64nvme",
    update(bytes) {
      let i = 0;
      for (; i + 8 <= bytes.length; i += 8) {
        const x = l ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
        const y = h ^ (bytes[i + 4]! | (bytes[i + 5]! << 8) | (bytes[i + 6]! << 16) | (bytes[i + 7]! << 24));
        const a = 1792 + (x & 0xff);
        const b = 1536 + ((x >>> 8) & 0xff);
        const c = 1280 + ((x >>> 16) & 0xff);
        const d = 1024 + (x >>> 24);
        const e = 768 + (y & 0xff);
        const f = 512 + ((y >>> 8) & 0xff);
        const g = 256 + ((y >>> 16) & 0xff);
        const k = y >>> 24;
        l = low[a]! ^ low[b]! ^ low[c]! ^ low[d]! ^ low[e]! ^ low[f]! ^ low[g]! ^ low[k]!;
        h = high[a]! ^ high[b]! ^ high[c]! ^ high[d]! ^ high[e]! ^ high[f]! ^ high[g]! ^ high[k]!;
      }
      for (; i < bytes.length; i++) {
        const entry = (l ^ bytes[i]!) & 0xff;
        l = ((l >>> 8) | (h << 24)) ^ low[entry]!;
        h = (h >>> 8) ^ high[entry]!;
      }
    },
    hex: () => [~h, ~l].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join(""),
  };
}
