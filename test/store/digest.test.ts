import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { createDigest, digestMismatch } from "../../src/store/digest.js";
import type { DigestName } from "../../src/store/store.js";
import { patternBytes } from "./s3-fixture.js";

const check = new TextEncoder().encode("123456789"); // the usual check input of CRC catalogues

function digestOf(name: DigestName, pieces: readonly Uint8Array[]): string {
  const digest = createDigest(name);
  for (const piece of pieces) digest.update(piece);
  return digest.hex();
}

describe("createDigest(name)", () => {
  it("gives the catalogued check values", () => {
    assert.equal(digestOf("crc32", [check]), "cbf43926");
    assert.equal(digestOf("crc32c", [check]), "e3069283");
    assert.equal(digestOf("crc64nvme", [check]), "ae8b14860a799888");
    for (const name of ["md5", "sha1", "sha256"] as const) {
      assert.equal(digestOf(name, [check]), createHash(name).update(check).digest("hex"));
    }
  });

  it("does not depend on how the bytes are cut", () => {
    const bytes = patternBytes(1001, 5);
    for (const name of ["md5", "crc32", "crc32c", "crc64nvme"] as const) {
      const whole = digestOf(name, [bytes]);
      for (const cut of [0, 1, 7, 8, 9, 500, 1001]) {
        assert.equal(digestOf(name, [bytes.subarray(0, cut), bytes.subarray(cut)]), whole, `${name} cut at ${cut}`);
      }
    }
  });

  it("crc64nvme by eight bytes at once agrees with one bit at a time", () => {
    const polynomial = 0x9a6c9329ac4bc9b5n;
    const bytes = patternBytes(77, 8);
    let crc = 0xffffffffffffffffn;
    for (const byte of bytes) {
      crc ^= BigInt(byte);
      for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
    }
    const expected = (crc ^ 0xffffffffffffffffn).toString(16).padStart(16, "0");
    assert.equal(digestOf("crc64nvme", [bytes]), expected);
  });

  it("digestMismatch(bytes, expected) names the digest that is contradicted", () => {
    const good = { name: "crc32" as const, hex: "cbf43926" };
    const bad = { name: "md5" as const, hex: "0".repeat(32) };
    assert.equal(digestMismatch(check, [good]), undefined);
    assert.equal(digestMismatch(check, [good, bad])?.expected, bad);
  });
});
