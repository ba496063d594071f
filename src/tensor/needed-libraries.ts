import { closeSync, openSync, readSync } from "node:fs";

/** Types of program headers and tags of dynamic entries of the ELF format (System V gABI, chapters 4 and 5). */
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;

const HEADER_BYTES = 64;
const LONGEST_NAME = 256;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function segmentsOf(read: (offset: number, size: number) => Buffer): Segment[] {
  const header = read(0, HEADER_BYTES);
  const isLittle64 =
    header.length === HEADER_BYTES && header.readUInt32BE(0) === 0x7f454c46 && header.readUInt16BE(4) === 0x0201;
  if (!isLittle64) return [];
  const [size, count] = [header.readUInt16LE(54), header.readUInt16LE(56)];
  const table = read(Number(header.readBigUInt64LE(32)), size * count);
  return Array.from({ length: Math.floor(table.length / size) }, (_, i) => ({
    type: table.readUInt32LE(i * size),
    offset: Number(table.readBigUInt64LE(i * size + 8)),
    address: Number(table.readBigUInt64LE(i * size + 16)),
    size: Number(table.readBigUInt64LE(i * size + 32)),
  }));
}

function neededBy(read: (offset: number, size: number) => Buffer): string[] {
  const segments = segmentsOf(read);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!dynamic) return [];
  const bytes = read(dynamic.offset, dynamic.size);
  const entries = Array.from({ length: bytes.length >> 4 }, (_, i) => ({
    tag: bytes.readBigInt64LE(16 * i),
    value: Number(bytes.readBigUInt64LE(16 * i + 8)),
  }));
  const strings = entries.find(({ tag }) => tag === DT_STRTAB)?.value;
  const home = segments.find(
    ({ type, address, size }) =>
      type === PT_LOAD && strings !== undefined && strings >= address && strings < address + size,
  );
  if (strings === undefined || !home) return [];
  const start = strings - home.address + home.offset;
  return entries
    .filter(({ tag }) => tag === DT_NEEDED)
    .map(({ value }) =>
      read(start + value, LONGEST_NAME)
        .toString("latin1")
        .split("\0", 1)
        .join(),
    );
}

/**
 * The shared libraries that the one at `path` asks the loader for, in its order, read from the file without loading it;
 * empty for anything but a 64-bit little-endian ELF file. Throws what reading throws.
 */
export function neededLibraries(path: string): string[] {
  const file = openSync(path, "r");
  try {
    return neededBy((offset, size) => {
      const bytes = Buffer.alloc(size);
      return bytes.subarray(0, readSync(file, bytes, 0, size, offset));
    });
  } finally {
    closeSync(file);
  }
}
