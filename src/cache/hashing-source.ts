import type { ByteSource } from "../recording/byte-source.js";
import { tappedSource } from "../recording/tapped-source.js";
import { checkDigests, createDigest } from "../store/digest.js";
import type { ExpectedDigest } from "../store/store.js";

/** A source that hashes its bytes in passing; reads in ascending order cost nothing extra. */
export interface HashingSource extends ByteSource {
  /**
   * SHA-256 of the whole source; reads what was not read in order. StoreError "BadDigest" when the bytes are not those
   * that were expected.
   */
  digest(): Promise<string>;
  /** The comparison alone; where nothing is expected nothing is read. */
  check(): Promise<void>;
}

const REST_BYTES = 1 << 22;

/** Wrap `source` so that its SHA-256, and what it is `expected` to come to, are known at the end without reading it twice. */
export function withSha256(source: ByteSource, expected: readonly ExpectedDigest[] = []): HashingSource {
  const names = new Set(["sha256" as const, ...expected.map(({ name }) => name)]);
  const digests = [...names].map(createDigest);
  const tapped = tappedSource(source, (bytes) => {
    for (const digest of digests) digest.update(bytes);
  });
  let hexes: Map<string, string> | undefined;
  const digest = async () => {
    while (!hexes && tapped.end() < source.byteLength) {
      const before = tapped.end();
      await tapped.source.read(before, Math.min(before + REST_BYTES, source.byteLength));
      if (tapped.end() === before) break; // the source became shorter
    }
    hexes ??= new Map(digests.map((digest) => [digest.name, digest.hex()]));
    const found = hexes;
    checkDigests(source.name, expected, ({ name }) => found.get(name)!);
    return found.get("sha256")!;
  };
  return {
    ...tapped.source,
    digest,
    async check() {
      if (expected.length > 0) await digest();
    },
  };
}
