/** The .npy format of numpy (NEP 1): a magic string, a version, a header that is a Python literal, then the numbers. */

import { FormatError, UnsupportedError } from "@ictal/base/errors";
import { ownValue } from "@ictal/base/records";

/** What an .npy header says. */
export interface NpyHeader {
  /** numpy's type string, e.g. "<f4". */
  readonly type: string;
  readonly shape: readonly number[];
  /** Bytes before the numbers. */
  readonly headerBytes: number;
}

const MAGIC = "\x93NUMPY";
const ALIGNMENT = 64;

/** Bytes that begin a version 1.0 .npy of little-endian float32 in C order. */
export function npyHeader(shape: readonly number[]): Uint8Array {
  const axes = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${axes}, }`;
  const total = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(total, " ");
  bytes.write(MAGIC, 0, "latin1");
  bytes.writeUInt16LE(1, 6); // version 1.0
  bytes.writeUInt16LE(total - 10, 8);
  bytes.write(text, 10, "latin1");
  bytes.write("\n", total - 1, "latin1");
  return bytes;
}

/** Bytes of the header that begins with `start` (at least 12 bytes). `file` names it in messages. Throws a FormatError. */
export function npyHeaderBytes(start: Uint8Array, file: string): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.length < 12 || bytes.toString("latin1", 0, 6) !== MAGIC)
    throw new FormatError(`${file}: not an .npy array; export it again with numpy.savez`, { file, byteOffset: 0 });
  return bytes[6] === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
}

/** Read a whole header. Throws a FormatError on damage, an UnsupportedError on Fortran order. */
export function parseNpyHeader(start: Uint8Array, file: string): NpyHeader {
  const headerBytes = npyHeaderBytes(start, file);
  const text = Buffer.from(start.buffer, start.byteOffset, headerBytes).toString("latin1", start[6] === 1 ? 10 : 12);
  const type = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (type === undefined || order === undefined || shape === undefined)
    throw new FormatError(`${file}: the .npy header cannot be read: ${text.trim()}`, { file, byteOffset: 10 });
  const axes = shape.split(",").flatMap((axis) => (axis.trim() === "" ? [] : [Number(axis)]));
  if (order === "True" && axes.length > 1)
    throw new UnsupportedError(`${file}: Fortran order; save it with numpy.ascontiguousarray`);
  return { type, shape: axes, headerBytes };
}

type Reader = (view: DataView, at: number) => number;

const READERS: Readonly<Record<string, readonly [bytes: number, read: Reader]>> = {
  "<f4": [4, (view, at) => view.getFloat32(at, true)],
  "<f8": [8, (view, at) => view.getFloat64(at, true)],
  "|b1": [1, (view, at) => view.getUint8(at)],
  "|u1": [1, (view, at) => view.getUint8(at)],
  "|i1": [1, (view, at) => view.getInt8(at)],
  "<i2": [2, (view, at) => view.getInt16(at, true)],
  "<i4": [4, (view, at) => view.getInt32(at, true)],
  "<i8": [8, (view, at) => Number(view.getBigInt64(at, true))],
};

/** Bytes of one number of a numpy type. Throws an UnsupportedError on types that are not read. */
export function itemBytes(type: string, file: string): number {
  const known = ownValue(READERS, type);
  if (known) return known[0];
  throw new UnsupportedError(
    `${file}: numbers of type ${type} are not read; expected ${Object.keys(READERS).join(", ")}`,
  );
}

/** Fill `out` with the numbers of `bytes`, which are of numpy type `type`. RangeError on a type that is not read. */
export function decodeNpyInto(out: Float32Array, bytes: Uint8Array, type: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = ownValue(READERS, type);
  if (!reader) throw new RangeError(`invalid numpy type: ${type}`);
  const [size, read] = reader;
  for (let i = 0; i < out.length; i++) out[i] = read(view, i * size);
}
