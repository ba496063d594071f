import { checkDigests, createDigest, type Digest } from "../store/digest.js";
import type { DigestOptions, ExpectedDigest, Store } from "../store/store.js";
import type { ByteSource } from "./byte-source.js";
import { tappedSource } from "./tapped-source.js";

/** The digests that `store` knows of an object; none where it knows none. */
export async function knownDigests(
  store: Store,
  key: string,
  options: DigestOptions,
): Promise<readonly ExpectedDigest[]> {
  return (await store.digests?.(key, options)) ?? [];
}

/** Bytes kept until the expected digests are known: the size of a header. */
const HELD_BYTES = 1 << 20;

/**
 * `source` whose bytes are compared with the digests of its store: the read that completes them, after all others in
 * ascending order, throws StoreError "BadDigest" when they differ. Partial reads, such as of a header alone, cannot be
 * compared, and `expected` is not called for them.
 */
export function checkedSource(source: ByteSource, expected: () => Promise<readonly ExpectedDigest[]>): ByteSource {
  let asking: Promise<void> | undefined;
  let digests: readonly { readonly item: ExpectedDigest; readonly digest: Digest }[] | undefined;
  let held: Uint8Array[] = [];
  let isChecked = false;
  const consume = (bytes: Uint8Array) => {
    if (!digests) held.push(bytes.slice());
    else for (const { digest } of digests) digest.update(bytes);
  };
  const tapped = tappedSource(source, consume);
  const begin = async () => {
    digests = (await expected()).map((item) => ({ item, digest: createDigest(item.name) }));
    const before = held;
    held = [];
    before.forEach(consume);
  };
  const ready = async (end: number) => {
    if (end >= source.byteLength || end > HELD_BYTES) asking ??= begin();
    await asking;
  };
  const check = () => {
    if (isChecked || !digests || tapped.end() < source.byteLength) return;
    isChecked = true;
    const found = new Map(digests.map(({ item, digest }) => [item, digest.hex()]));
    checkDigests(source.name, [...found.keys()], (item) => found.get(item) ?? "");
  };
  const { read, readInto, readIntoShared } = tapped.source;
  const checking =
    <T extends Uint8Array>(fill: (out: T, start: number) => Promise<number>) =>
    async (out: T, start: number) => {
      await ready(start + out.byteLength);
      const filled = await fill(out, start);
      check();
      return filled;
    };
  return {
    ...tapped.source,
    async read(start, end) {
      await ready(end);
      const bytes = await read(start, end);
      check();
      return bytes;
    },
    ...(readInto && { readInto: checking(readInto) }),
    ...(readIntoShared && { readIntoShared: checking(readIntoShared) }),
  };
}
