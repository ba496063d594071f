/**
 * TensorBoard event files: TFRecords (length, masked CRC32C of the length, data, masked CRC32C of the data) of Event
 * messages. Sources: tensorflow `record_writer.h`, `crc32c.h` (mask), `event.proto`, `summary.proto`.
 */
import { appendFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import { crc32c } from "../store/crc32c.js";

function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One TFRecord around `data`. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return record;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

function field(number: number, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([...varint((number << 3) | 2), ...varint(payload.length)]), payload]);
}

function fixed(number: number, value: number, bytes: 4 | 8): Uint8Array {
  const out = Buffer.alloc(bytes + 1);
  out[0] = (number << 3) | (bytes === 8 ? 1 : 5);
  if (bytes === 8) out.writeDoubleLE(value, 1);
  else out.writeFloatLE(value, 1);
  return out;
}

const text = new TextEncoder();

function event(wallSeconds: number, step: number, body: Uint8Array): Uint8Array {
  return Buffer.concat([fixed(1, wallSeconds, 8), Uint8Array.from([2 << 3, ...varint(step)]), body]);
}

/** The first record of every file. */
export function versionEvent(wallSeconds: number): Uint8Array {
  return event(wallSeconds, 0, field(3, text.encode("brain.Event:2")));
}

/** An event of scalar summaries. */
export function scalarEvent(wallSeconds: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    field(1, Buffer.concat([field(1, text.encode(tag)), fixed(2, value, 4)])),
  );
  return event(wallSeconds, step, field(5, Buffer.concat(values)));
}

export interface EventFile {
  readonly path: string;
  /** Append one event; on the disk when the call returns. */
  scalars(step: number, scalars: Readonly<Record<string, number>>): void;
}

/** A fresh event file in `dir`, which is created. TensorBoard joins all files of a folder. */
export async function openEventFile(dir: string, now: () => number = Date.now): Promise<EventFile> {
  await makeFolder(dir);
  const started = now() / 1000;
  const name = `events.out.tfevents.${started.toFixed(3)}.${hostname()}.${process.pid}`;
  const path = join(dir, name);
  writeFileSync(path, tfRecord(versionEvent(started)));
  return {
    path,
    scalars: (step, scalars) => appendFileSync(path, tfRecord(scalarEvent(now() / 1000, step, scalars))),
  };
}
