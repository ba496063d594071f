import type { ByteSource } from "../recording/byte-source.js";
import { tappedSource } from "../recording/tapped-source.js";
import { checkDigests, createDigest, type Digest } from "../store/digest.js";
import type { ExpectedDigest } from "../store/store.js";

/** A source that hashes its bytes as they are read; reads in ascending order cost nothing extra. */
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

/** Wrap `source` so that its SHA-256, and the digests that are `expected` of it, are known at the end without reading it twice. */
export function withSha256(source: ByteSource, expected: readonly ExpectedDigest[] = []): HashingSource {
  const sha256 = createDigest("sha256");
  const names = new Set(expected.flatMap(({ name }) => (name === "sha256" ? [] : [name])));
  const others = [...names].map(createDigest);
  const tapped = tappedSource(source, (bytes) => {
    for (const digest of [sha256, ...others]) digest.update(bytes);
  });
  let found: { readonly sha256: string; readonly hexes: ReadonlyMap<string, string> } | undefined;
  const digest = async () => {
    while (!found && tapped.end() < source.byteLength) {
      const before = tapped.end();
      await tapped.source.read(before, Math.min(before + REST_BYTES, source.byteLength));
      if (tapped.end() === before) break; // the source became shorter
    }
    found ??= resultOf(sha256, others);
    const { hexes } = found;
    checkDigests(source.name, expected, ({ name }) => hexes.get(name));
    return found.sha256;
  };
  return {
    ...tapped.source,
    digest,
    async check() {
      if (expected.length > 0) await digest();
    },
  };
}

/** The results of `sha256` and of the other digests; each can be asked once. */
function resultOf(sha256: Digest, others: readonly Digest[]) {
  const hex = sha256.hex();
  const named = others.map((digest): [string, string] => [digest.name, digest.hex()]);
  return { sha256: hex, hexes: new Map([["sha256", hex], ...named]) };
}
