import assert from "node:assert/strict";
import { test } from "node:test";
import { type GivenBuffer, holdBuffer, OwnedBytes } from "../../src/base/owned-bytes.js";
import { sharedBytes } from "../../src/base/shared-bytes.js";

test("owned bytes are given away once, with the buffer they came with", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const owned = OwnedBytes.of(bytes);
  assert.equal(owned.view(), bytes);
  const buffer: GivenBuffer = owned.give();
  assert.equal(buffer, bytes.buffer);
  assert.equal(owned.byteLength, 3);
  assert.throws(() => owned.give(), { name: "RangeError", message: /given away/ });
  assert.throws(() => owned.view(), { name: "RangeError", message: /given away/ });
  // @ts-expect-error a buffer that nobody gave away cannot be sent
  const plain: GivenBuffer = new ArrayBuffer(3);
  assert.ok(plain);
});

test("bytes whose buffer is not theirs alone have no owner: a part, shared memory, a second owner, a moved buffer", () => {
  const twice = new Uint8Array(4);
  OwnedBytes.of(twice);
  const gone = new Uint8Array(4);
  OwnedBytes.of(gone).give();
  const moved = new Uint8Array(4);
  structuredClone(moved, { transfer: [moved.buffer] });
  const filledAgain = new Uint8Array(4);
  holdBuffer(filledAgain.buffer);
  const refused: [Uint8Array, RegExp][] = [
    [new Uint8Array(8).subarray(4), /4 of 8 bytes of their buffer/],
    [new Uint8Array(8).subarray(4, 4), /0 of 8 bytes/],
    [sharedBytes(4), /shared memory/],
    [twice, /has an owner/],
    [new Uint8Array(twice.buffer), /has an owner/],
    [gone, /was given away/],
    [moved, /moved away/],
    [filledAgain, /has an owner/],
  ];
  for (const [bytes, message] of refused) assert.throws(() => OwnedBytes.of(bytes), { name: "RangeError", message });
  assert.throws(() => OwnedBytes.from(moved), { name: "RangeError", message: /moved away/ });
});

test("bytes of another's making are copied unless their buffer is theirs alone", () => {
  const whole = Uint8Array.of(1, 2);
  assert.equal(OwnedBytes.from(whole).view(), whole);
  const held = Uint8Array.of(3, 4);
  holdBuffer(held.buffer);
  for (const bytes of [whole, held, Uint8Array.of(0, 5, 6).subarray(1), sharedBytes(2)]) {
    const owned = OwnedBytes.from(bytes);
    assert.notEqual(owned.view().buffer, bytes.buffer);
    const before = [...bytes];
    bytes.fill(9);
    assert.deepEqual([...owned.view()], before);
  }
  assert.equal(OwnedBytes.from(new Uint8Array(0)).give().byteLength, 0);
});
