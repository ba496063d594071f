import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isIctalError } from "@ictal/base/errors";
import { withSha256 } from "../../src/cache/hashing-source.js";
import { type ByteSource, bytesSource } from "../../src/recording/byte-source.js";
import { checkedSource } from "../../src/recording/checked-source.js";
import { storeSource } from "../../src/recording/store-source.js";
import { tappedSource } from "../../src/recording/tapped-source.js";
import { memoryStore } from "../../src/store/memory-store.js";
import type { ExpectedDigest, Store } from "../../src/store/store.js";

const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) >> 3);
const hashOf = (name: string, of: Uint8Array) => createHash(name).update(of).digest("hex");
const expected: readonly ExpectedDigest[] = [
  { name: "md5", hex: hashOf("md5", bytes) },
  { name: "sha1", hex: hashOf("sha1", bytes) },
];
const flipped = bytes.slice();
flipped[1_234_567]! ^= 0x40;

const isDamage = (error: unknown) => {
  assert.ok(isIctalError(error, "StoreError"), String(error));
  assert.equal(error.details.code, "BadDigest");
  assert.match(error.message, /"a\.edf" came with md5 [0-9a-f]{32}, expected [0-9a-f]{32}/);
  return true;
};

async function readAll(source: ByteSource, step = 400_000): Promise<void> {
  for (let at = 0; at < source.byteLength; at += step) await source.read(at, at + step);
}

test("tappedSource passes each byte once and in order although reads overlap, skip, and finish in another order", async () => {
  const inner = bytesSource("a.edf", bytes.subarray(0, 1000));
  const slowFirst: ByteSource = {
    ...inner,
    async read(start, end) {
      await sleep(start === 0 ? 30 : 1);
      return inner.read(start, end);
    },
  };
  const shown: Uint8Array[] = [];
  const { source, end } = tappedSource(slowFirst, (part) => void shown.push(part.slice()));
  const places = [0, 200, 400].map((at) => source.read(at, at + 250)); // two at a time overlap by 50
  assert.deepEqual(await places[2], bytes.slice(400, 650));
  assert.equal(end(), 650);
  await source.read(800, 900);
  assert.equal(end(), 650);
  await source.read(600, 2000);
  assert.deepEqual(new Uint8Array(Buffer.concat(shown)), bytes.slice(0, 1000));
});

test("bytes that differ when they are read a second time are damage, at any offset", async () => {
  const start = bytes.slice(0, 100_000);
  const damaged = start.slice();
  damaged[5000]! ^= 1;
  for (const [first, second] of [
    [start, damaged],
    [damaged, start],
  ] as const) {
    const answers = [first, second];
    const inner = bytesSource("a.edf", start);
    const source: ByteSource = { ...inner, read: async (from, to) => answers.shift()!.subarray(from, to) };
    const hashing = withSha256(source, [{ name: "sha256", hex: hashOf("sha256", start) }]);
    await hashing.read(0, 16_384);
    await assert.rejects(hashing.read(4000, 100_000), (error) => {
      assert.ok(isIctalError(error, "StoreError"), String(error));
      assert.equal(error.details.code, "BadDigest");
      return true;
    });
  }
  const ahead = tappedSource(
    { ...bytesSource("a.edf", start), read: async (from, to) => (from === 0 ? damaged : start).subarray(from, to) },
    () => {},
  );
  await ahead.source.read(4900, 5100);
  await assert.rejects(ahead.source.read(0, 100_000), /read again/);
});

test("tappedSource continues to pass bytes after a read that failed", async () => {
  const inner = bytesSource("a.edf", bytes.subarray(0, 100));
  let failures = 1;
  const once: ByteSource = {
    ...inner,
    read: async (start, end) => {
      if (failures-- > 0) throw new Error("lost");
      return inner.read(start, end);
    },
  };
  const { source, end } = tappedSource(once, () => {});
  await assert.rejects(source.read(0, 50), /lost/);
  await source.read(0, 100);
  assert.equal(end(), 100);
});

test("checkedSource returns intact bytes, and throws BadDigest at the read that completes damaged ones", async () => {
  await readAll(checkedSource(bytesSource("a.edf", bytes), async () => expected));
  const damaged = checkedSource(bytesSource("a.edf", flipped), async () => expected);
  await damaged.read(0, 2_000_000);
  await assert.rejects(damaged.read(2_000_000, 3_000_000), isDamage);
  await assert.rejects(checkedSource(bytesSource("a.edf", flipped), async () => expected).read(0, 3_000_000), isDamage);
});

test("checkedSource requests no digest when only a header is read", async () => {
  let asked = 0;
  const source = checkedSource(bytesSource("a.edf", flipped), async () => {
    asked += 1;
    return expected;
  });
  await source.read(0, 256);
  await source.read(256, 10_000);
  assert.equal(asked, 0);
  await source.read(10_000, 2_000_000);
  assert.equal(asked, 1);
  await assert.rejects(source.read(1_500_000, 3_000_000), isDamage);
});

test("withSha256 gives the hash without reading twice, in whatever order reads end, and compares what is expected", async () => {
  let reads = 0;
  const inner = bytesSource("a.edf", bytes);
  const late: ByteSource = {
    ...inner,
    async read(start, end) {
      reads += 1;
      await sleep(start === 0 ? 20 : 1);
      return inner.read(start, end);
    },
  };
  const source = withSha256(late, expected);
  await Promise.all([0, 1, 2].map((i) => source.read(i * 1_000_000, (i + 1) * 1_000_000)));
  assert.equal(await source.digest(), hashOf("sha256", bytes));
  assert.equal(reads, 3);
  await assert.rejects(withSha256(bytesSource("a.edf", flipped), expected).digest(), isDamage);
  assert.equal(await withSha256(bytesSource("a.edf", flipped)).digest(), hashOf("sha256", flipped));
});

test("storeSource compares what is read of an object in order with the store's digest", async () => {
  const sound = memoryStore({ "a.edf": bytes });
  const lying: Store = { ...memoryStore({ "a.edf": flipped }), stat: sound.stat, digests: sound.digests! };
  const withoutVersions: Store = {
    ...lying,
    read: (key, options = {}) => lying.read(key, { ...options, ifMatch: undefined! }),
  };
  await readAll(await storeSource(sound, "a.edf"));
  await assert.rejects(readAll(await storeSource(withoutVersions, "a.edf")), isDamage);
});
