/**
 * safetensors: 8 bytes of little-endian header length, a JSON header (name → dtype, shape, data_offsets; strings under
 * `__metadata__`), then the data. Source: huggingface/safetensors README, "Format".
 */
import { open, readFile } from "node:fs/promises";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { FormatError, isIctalError, UnsupportedError } from "@ictal/base/errors";
import { explainReadError } from "@ictal/base/read-fault";
import { memberOf } from "../base/lookup.js";
import { sizeOf } from "../tensor/program.js";
import { ELEMENT_TYPES, gatherElements, rowMajorStrides } from "./element-types.js";
import { repeatedKey } from "./repeated-key.js";

/** One tensor of a file, row-major. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The tensors of a file by name, and its metadata. */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Tensors whose type is not F32, by name; their values are not read. */
  readonly otherTypes: Readonly<Record<string, string>>;
}

/** Largest header that the format's own reader accepts. */
const MAX_HEADER_BYTES = 100_000_000;

const BYTES_OF: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
};

/** Bytes of a file holding `tensors` in the order of their names. Equal values give equal bytes. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  const header: Record<string, unknown> = { __metadata__: Object.fromEntries(Object.entries(metadata).sort()) };
  let end = 0;
  for (const [name, { shape, values }] of sorted) {
    if (name === "__metadata__") throw new RangeError("invalid tensor name: __metadata__");
    if (sizeOf(shape) !== values.length)
      throw new RangeError(`tensor ${name}: ${values.length} values for shape [${shape}]`);
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + values.byteLength] };
    end += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerBytes + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, 8, 8 + headerBytes); // the header is padded with blanks
  bytes.set(text, 8);
  let at = 8 + headerBytes;
  for (const [, { values }] of sorted) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly start: number;
  readonly end: number;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function entryOf(name: string, value: unknown, dataBytes: number, fail: (message: string) => never): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(BYTES_OF, dtype))
    fail(`tensor ${name} has the unknown type ${JSON.stringify(dtype)}`);
  if (!Array.isArray(shape) || !shape.every(isCount))
    fail(`tensor ${name} has no valid shape: ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    fail(`tensor ${name} has no valid data_offsets: ${JSON.stringify(offsets)}`);
  }
  const [start, end] = offsets as [number, number];
  const lengths = shape as number[];
  const size = sizeOf(lengths) * memberOf(BYTES_OF, dtype as string);
  if (!Number.isSafeInteger(size)) fail(`tensor ${name} has a shape too large to count: [${lengths}]`);
  if (start > end) fail(`tensor ${name} lies at ${start}..${end}: its end comes before its start`);
  if (end > dataBytes)
    fail(
      `tensor ${name} lies at ${start}..${end} of ${dataBytes} data bytes: the file is truncated or its header wrong`,
    );
  if (end - start !== size)
    fail(`tensor ${name} of ${dtype} [${lengths}] needs ${size} bytes, its offsets hold ${end - start}`);
  return { dtype: dtype as string, shape: lengths, start, end };
}

const GIVE = "give a checkpoint of ictal train, or a file that safetensors wrote";

function headerOf(bytes: Uint8Array, file: string): { header: Record<string, unknown>; dataStart: number } {
  const fail = (message: string, byteOffset: number, cause?: unknown): never => {
    throw new FormatError(`not a safetensors file: ${message}`, { file, byteOffset }, { cause });
  };
  if (bytes.length < 8) fail(`${bytes.length} bytes, expected at least 8; ${GIVE}`, 0);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    fail(`header of ${length} bytes, at most ${MAX_HEADER_BYTES} are allowed; ${GIVE}`, 0);
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.length) fail(`header of ${length} bytes in a file of ${bytes.length}`, 0);
  let text = "";
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, dataStart));
    header = JSON.parse(text);
  } catch (error) {
    fail("the header is not JSON", 8, error);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    fail("the header is not a JSON object", 8);
  const repeated = repeatedKey(text);
  if (repeated !== undefined)
    fail(`the header names ${JSON.stringify(repeated)} twice; it is ambiguous which of the two is meant`, 8);
  return { header: header as Record<string, unknown>, dataStart };
}

/** Throws a FormatError unless the tensors fill the data without gap or overlap, as the format demands. */
function checkPlaces(entries: ReadonlyMap<string, Entry>, dataBytes: number, fail: (message: string) => never): void {
  let at = 0;
  let before = "";
  for (const [name, { start, end }] of [...entries].sort(([, a], [, b]) => a.start - b.start || a.end - b.end)) {
    if (start < at) fail(`tensors ${before} and ${name} overlap: one ends at ${at}, the other starts at ${start}`);
    if (start > at) fail(`data bytes ${at}..${start} before tensor ${name} belong to no tensor`);
    if (end > start) before = name;
    at = end;
  }
  if (at !== dataBytes) fail(`the tensors end at ${at} of ${dataBytes} data bytes`);
}

function metadataOf(value: unknown, fail: (message: string) => never): Record<string, string> {
  if (value === undefined) return {};
  const isStrings =
    typeof value === "object" && value !== null && Object.values(value).every((member) => typeof member === "string");
  if (!isStrings) fail("__metadata__ holds something other than strings");
  return value as Record<string, string>;
}

interface Layout {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly metadata: Record<string, string>;
  readonly dataStart: number;
}

/** Where the tensors of a file lie, every rule of the format checked. */
function layoutOf(bytes: Uint8Array, file: string): Layout {
  const { header, dataStart } = headerOf(bytes, file);
  const fail = (message: string): never => {
    throw new FormatError(`not a safetensors file: ${message}`, { file, byteOffset: 8 });
  };
  const { __metadata__, ...rest } = header;
  const dataBytes = bytes.length - dataStart;
  const entries = new Map(Object.entries(rest).map(([name, value]) => [name, entryOf(name, value, dataBytes, fail)]));
  checkPlaces(entries, dataBytes, fail);
  return { entries, metadata: metadataOf(__metadata__, fail), dataStart };
}

/**
 * The tensors of a file whatever their type, rounded to float32. Throws a FormatError on anything that breaks the format, an
 * UnsupportedError for a type without numbers that a network is made of.
 */
export function decodeEveryType(bytes: Uint8Array, file: string): Map<string, StoredTensor & { type: string }> {
  const { entries, dataStart } = layoutOf(bytes, file);
  const tensors = new Map<string, StoredTensor & { type: string }>();
  for (const [name, { dtype, shape, start, end }] of entries) {
    const type = ELEMENT_TYPES[dtype];
    if (!type)
      throw new UnsupportedError(
        `${file}: ${name} has the type ${dtype}; ${Object.keys(ELEMENT_TYPES).join(", ")} are read: convert it first`,
      );
    const storage = bytes.subarray(dataStart + start, dataStart + end);
    tensors.set(name, {
      shape,
      type: dtype,
      values: gatherElements(storage, type, { shape, strides: rowMajorStrides(shape), offset: 0 }),
    });
  }
  return tensors;
}

/** Read a file's bytes. Values are copies. Throws a FormatError on anything that breaks the format. */
export function decodeSafetensors(bytes: Uint8Array, file: string): SafetensorsFile {
  const { entries, metadata, dataStart } = layoutOf(bytes, file);
  const tensors: Record<string, StoredTensor> = Object.create(null);
  const otherTypes: Record<string, string> = Object.create(null);
  for (const [name, { dtype, shape, start, end }] of entries) {
    if (dtype !== "F32") {
      otherTypes[name] = dtype;
      continue;
    }
    const values = new Float32Array(sizeOf(shape));
    new Uint8Array(values.buffer).set(bytes.subarray(dataStart + start, dataStart + end));
    tensors[name] = { shape, values };
  }
  return { tensors, metadata, otherTypes };
}

/** The strings under `__metadata__` of a file, of which the head alone is read. Errors as `loadSafetensors`'s. */
export async function readSafetensorsMetadata(path: string): Promise<Record<string, string>> {
  const handle = await open(path).catch((cause: unknown) => {
    throw explainReadError(cause, path, `no weights at ${path}; check the path`);
  });
  try {
    const size = new Uint8Array(8);
    const { bytesRead } = await handle.read(size, 0, 8, 0);
    const length = bytesRead < 8 ? 0n : new DataView(size.buffer).getBigUint64(0, true);
    const head = new Uint8Array(bytesRead + Number(length > BigInt(MAX_HEADER_BYTES) ? 0n : length));
    const read = await handle.read(head, 0, head.length, 0);
    const { header } = headerOf(head.subarray(0, read.bytesRead), path);
    return metadataOf(header.__metadata__, (message) => {
      throw new FormatError(`not a safetensors file: ${message}`, { file: path, byteOffset: 8 });
    });
  } finally {
    await handle.close();
  }
}

/** Write tensors so that a reader sees the old file or the whole new one. */
export async function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  signal?.throwIfAborted();
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Read a file. Throws a NotFoundError when it is missing and a FormatError when it is damaged. */
export async function loadSafetensors(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<SafetensorsFile> {
  try {
    return decodeSafetensors(await readFile(path, { signal }), path);
  } catch (error) {
    signal?.throwIfAborted();
    if (isIctalError(error)) throw error;
    throw explainReadError(error, path, `no weights at ${path}; check the path`);
  }
}
