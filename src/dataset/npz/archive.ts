/** Archives of numpy.savez and savez_compressed: a zip whose entries are .npy arrays, read and written as streams. */
import { type FileHandle, open, rm } from "node:fs/promises";
import { commitFile, explainWriteError, temporaryName } from "@ictal/base/atomic-file";
import { FormatError } from "@ictal/base/errors";
import { waitingFor } from "@ictal/base/pending";
import { type Entry, type FileEntry, ZipReader, ZipWriter } from "@zip.js/zip.js";
import { type Borrowed, lend } from "../../base/borrowed.js";
import { ZipSource } from "../../base/zip-file.js";
import { itemBytes, type NpyHeader, npyHeader, npyHeaderBytes, parseNpyHeader } from "./npy.js";

/** A float32 array to be written: its shape and its numbers in C order, in chunks. */
export interface NpzArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly chunks: AsyncIterable<Float32Array> | Iterable<Float32Array>;
}

async function* bytesOfArray({ shape, chunks }: NpzArray): AsyncGenerator<Uint8Array> {
  yield npyHeader(shape);
  for await (const chunk of chunks) yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice();
}

function fileSink(handle: FileHandle): { sink: WritableStream<Uint8Array>; written: () => number } {
  let position = 0;
  const sink = new WritableStream<Uint8Array>({
    async write(chunk) {
      for (let done = 0; done < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position);
        done += bytesWritten;
        position += bytesWritten;
      }
    },
  });
  return { sink, written: () => position };
}

export interface WriteNpzOptions {
  /** Compression, 0 (none) to 9. @default 1 */
  readonly level?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Write arrays to `path` as numpy.savez_compressed does (numpy.savez with `level` 0), atomically; the chunks are
 * copied as they come, so memory does not grow with them. Returns the bytes written.
 */
export async function writeNpz(
  path: string,
  arrays: readonly NpzArray[],
  { level = 1, signal }: WriteNpzOptions = {},
): Promise<number> {
  signal?.throwIfAborted();
  const temporary = temporaryName(path);
  const handle = await open(temporary, "wx").catch((error: unknown) => {
    throw explainWriteError(error, path);
  });
  try {
    const { sink, written } = fileSink(handle);
    const zip = new ZipWriter(sink, {
      level,
      zip64: true,
      ...(signal && { signal }),
      lastModDate: new Date(Date.UTC(1980, 0, 2)),
    });
    for (const array of arrays) await zip.add(`${array.name}.npy`, ReadableStream.from(bytesOfArray(array)));
    await zip.close();
    await handle.sync();
    await handle.close();
    await commitFile(temporary, path);
    return written();
  } catch (error) {
    await handle.close().catch(() => undefined); // closed already when the rename failed
    await rm(temporary, { force: true });
    throw signal?.aborted ? signal.reason : explainWriteError(error, path);
  }
}

/** An array of an archive. */
export interface NpzEntry extends NpyHeader {
  /** The bytes of the numbers in chunks of exactly `count` numbers, the last one shorter. */
  chunks(count: number): AsyncGenerator<Borrowed<Uint8Array>>;
}

/** An archive that is open for reading. */
export interface NpzFile {
  readonly names: readonly string[];
  /** The array called `name`; undefined when there is none. */
  array(name: string): Promise<NpzEntry | undefined>;
  close(): Promise<void>;
}

function damaged(path: string, error: unknown): FormatError {
  const why = error instanceof Error ? error.message : String(error);
  return new FormatError(
    `not a sound .npz archive (${why}); copy or export it again`,
    { file: path },
    { cause: error },
  );
}

/** The bytes of an entry, inflated and checked against its CRC at the end. */
async function* inflate(entry: FileEntry, path: string): AsyncGenerator<Uint8Array> {
  let fail: (error: unknown) => void = () => undefined;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      fail = (error) => controller.error(error);
    },
  });
  const stop = new AbortController();
  const done = waitingFor(
    `"${entry.filename}" of ${path} to be unpacked`,
    entry.getData(writable, { checkSignature: true, signal: stop.signal }),
  );
  done.catch((error: unknown) => fail(error)); // an error before the first byte ends the stream as well, which would be waited for otherwise
  try {
    yield* readable;
    await done;
  } catch (error) {
    throw damaged(path, error);
  } finally {
    stop.abort();
  }
}

/** Memory for a chunk; a header that announces more than the memory can hold is damaged. */
function allocate(size: number, path: string): Uint8Array {
  try {
    return new Uint8Array(size);
  } catch (error) {
    throw damaged(path, error);
  }
}

/** Cut a stream into chunks of `size` bytes, the last one shorter. */
async function* cut(
  stream: AsyncIterable<Uint8Array>,
  size: number,
  path: string,
): AsyncGenerator<Borrowed<Uint8Array>> {
  const out = allocate(size, path);
  let fill = 0;
  for await (const chunk of stream)
    for (let done = 0; done < chunk.length; ) {
      const count = Math.min(size - fill, chunk.length - done);
      out.set(chunk.subarray(done, done + count), fill);
      fill += count;
      done += count;
      if (fill < size) continue;
      yield lend(out);
      fill = 0;
    }
  if (fill > 0) yield lend(out.subarray(0, fill));
}

async function* after(stream: AsyncIterable<Uint8Array>, skip: number): AsyncGenerator<Uint8Array> {
  let left = skip;
  for await (const chunk of stream) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** The first bytes of a stream, at least as many as `wanted` asks for given what came so far. */
async function headOf(stream: AsyncIterable<Uint8Array>, wanted: (head: Uint8Array) => number): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  for await (const chunk of stream) {
    head = Buffer.concat([head, chunk]);
    if (head.length >= wanted(head)) break;
  }
  return head;
}

async function openArray(entry: FileEntry, path: string, name: string): Promise<NpzEntry> {
  const file = `${path}: ${name}`;
  const head = await headOf(inflate(entry, path), (start) => (start.length < 12 ? 12 : npyHeaderBytes(start, file)));
  const header = parseNpyHeader(head, file);
  const bytes = itemBytes(header.type, file);
  const expected = header.headerBytes + bytes * header.shape.reduce((product, axis) => product * axis, 1);
  if (entry.uncompressedSize !== expected)
    throw new FormatError(`${file}: ${entry.uncompressedSize} bytes, its header says ${expected}; export it again`, {
      file: path,
    });
  return { ...header, chunks: (count) => cut(after(inflate(entry, path), header.headerBytes), count * bytes, path) };
}

/** Open an archive. Throws a FormatError when it is not an archive or damaged; damage inside an array is thrown when it is read. */
export async function openNpz(path: string): Promise<NpzFile> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const zip = new ZipReader(new ZipSource(handle, size));
    const entries: Entry[] = await zip.getEntries().catch((error: unknown) => {
      throw damaged(path, error);
    });
    const files = new Map(entries.flatMap((entry) => (entry.directory ? [] : [[entry.filename, entry] as const])));
    return {
      names: [...files.keys()].map((name) => name.replace(/\.npy$/, "")),
      array: async (name) => {
        const entry = files.get(`${name}.npy`);
        return entry && openArray(entry, path, name);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
