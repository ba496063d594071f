import * as zlib from "node:zlib";

/** CRC-32 of the polynomial 0xEDB88320 (ISO 3309, as in zip and PNG) as an unsigned number; `start` continues one. */
export type Crc32 = (data: Uint8Array, start?: number) => number;

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    table[byte] = value;
  }
  return table;
}

let table: Uint32Array | undefined;

/** The table form, for Node releases before 20.15 and 22.2, which lack `zlib.crc32`. */
export const crc32ByTable: Crc32 = (data, start = 0) => {
  table ??= makeTable();
  let crc = ~start;
  for (let i = 0; i < data.length; i++) crc = table[(crc ^ data[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
};

const native = (zlib as { crc32?: (data: Uint8Array, value?: number) => number }).crc32;

/** CRC-32 by zlib where this Node has it (2 GB/s and more), else by table. */
export const crc32: Crc32 = native ? (data, start = 0) => native(data, start) : crc32ByTable;
