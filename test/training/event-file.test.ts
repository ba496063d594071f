import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { crc32c } from "../../src/store/crc32c.js";
import { openEventFile, scalarEvent, tfRecord } from "../../src/training/event-file.js";
import { temporaryFolder } from "./made-run.js";

test("CRC-32C gives the check value of its catalogue entry and those of RFC 3720", () => {
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
});

/** Records of a TFRecord file, with both checksums verified. */
function recordsOf(bytes: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const masked = (part: Uint8Array) => {
    const crc = crc32c(part);
    return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
  };
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    assert.equal(view.getUint32(at + 8, true), masked(bytes.subarray(at, at + 8)));
    const data = bytes.subarray(at + 12, at + 12 + length);
    assert.equal(view.getUint32(at + 12 + length, true), masked(data));
    records.push(data);
    at += 16 + length;
  }
  return records;
}

test("an event file begins with its version and then holds one record per call", async (context) => {
  const dir = await temporaryFolder(context);
  const file = await openEventFile(dir, () => 1_700_000_000_000);
  file.scalars(3, { "train/loss": 0.5 });
  file.scalars(300, { a: 1, b: 2 });
  const records = recordsOf(readFileSync(file.path));
  assert.equal(records.length, 3);
  assert.match(Buffer.from(records[0]!).toString("latin1"), /brain\.Event:2/);
  assert.deepEqual(Buffer.from(records[1]!), Buffer.from(scalarEvent(1_700_000_000, 3, { "train/loss": 0.5 })));
});

test("a scalar event is the protobuf message that its definition asks for", () => {
  const bytes = scalarEvent(1, 300, { x: 0.5 });
  const expected = [
    0x09,
    0,
    0,
    0,
    0,
    0,
    0,
    0xf0,
    0x3f, // wall_time = 1.0, field 1, 64 bit
    0x10,
    0xac,
    0x02, // step = 300, field 2, varint
    0x2a,
    0x0a, // summary, field 5, 10 bytes
    0x0a,
    0x08, // value, field 1, 8 bytes
    0x0a,
    0x01,
    0x78, // tag = "x", field 1
    0x15,
    0,
    0,
    0,
    0x3f, // simple_value = 0.5, field 2, 32 bit
  ];
  assert.deepEqual([...bytes], expected);
  assert.equal(tfRecord(bytes).length, bytes.length + 16);
});
