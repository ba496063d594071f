import {
  closeSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { parentPort } from "node:worker_threads";
import { makeFolderSync } from "@ictal/base/make-folder";
import { freeBuffers } from "../base/free-buffer.js";
import type { GivenBuffer } from "../base/owned-bytes.js";
import { ThreadCalls } from "../base/thread-calls.js";
import { createDigest, type Digest } from "./digest.js";
import { isMissing } from "./local-path.js";
import type { DigestName, ExpectedDigest } from "./store.js";

/**
 * The thread of `file-writer.ts`: writes files, hashes them and moves them to their destination, so that the main thread only
 * transfers bytes. Files are not synced: the mirror checks for bytes lost by a power failure when it is used again (`mirror.ts`).
 */

/** Where a finished file is moved to. */
export interface Destination {
  readonly path: string;
  /** Its modification time. @default as written */
  readonly modifiedMilliseconds?: number;
}

/** A file that was written. */
export interface WrittenFile {
  /** In hexadecimal. */
  readonly digests: Partial<Record<DigestName, string>>;
  /** Modification time of the file at its destination; undefined when a digest was not as expected, so that it was not moved. */
  readonly modifiedMilliseconds?: number;
}

/** What the main thread calls; `id` is the number of an open file. Errors have the `code` of the system. */
export type WriterMethods = {
  open(argument: {
    readonly id: number;
    readonly path: string;
    readonly offset: number;
    readonly names: readonly DigestName[];
    /** A file to write with it. */
    readonly note?: { readonly path: string; readonly text: string };
  }): Promise<void>;
  write(argument: { readonly id: number; readonly buffers: readonly GivenBuffer[] }): void;
  /** Closes the file; if all digests are as expected, moves it to its destination and deletes `note`. */
  finish(argument: {
    readonly id: number;
    readonly destination: Destination;
    readonly expected: readonly ExpectedDigest[];
    readonly note: string;
  }): WrittenFile;
  close(argument: { readonly id: number }): void;
  /** Writes a whole file through a temporary name. */
  put(argument: {
    readonly temporary: string;
    readonly buffer: GivenBuffer;
    readonly destination: Destination;
  }): WrittenFile;
};

interface OpenFile {
  readonly path: string;
  readonly descriptor: number;
  readonly digests: readonly Digest[];
  at: number;
}

const CHUNK_BYTES = 1 << 20;
const files = new Map<number, OpenFile>();

const methods: WriterMethods = {
  async open({ id, path, offset, names, note }) {
    const file = openFile(path, offset, names);
    files.set(id, file);
    if (note) writeFileSync(note.path, note.text);
    await hashPrefix(file, offset);
  },
  write({ id, buffers }) {
    const file = fileOf(id);
    for (const buffer of buffers) append(file, new Uint8Array(buffer));
    freeBuffers(buffers);
  },
  finish({ id, destination, expected, note }) {
    const file = fileOf(id);
    const digests = Object.fromEntries(file.digests.map((digest) => [digest.name, digest.hex()]));
    const isExpected = expected.every(({ name, hex }) => digests[name] === hex);
    if (isExpected) setModificationTime(file.descriptor, destination);
    files.delete(id);
    closeSync(file.descriptor);
    if (!isExpected) return { digests };
    const modifiedMilliseconds = moveTo(file.path, destination);
    rmSync(note, { force: true });
    return { digests, modifiedMilliseconds };
  },
  close({ id }) {
    const file = files.get(id);
    if (file) closeSync(file.descriptor);
    files.delete(id);
  },
  put({ temporary, buffer, destination }) {
    const written = put(temporary, new Uint8Array(buffer), destination);
    freeBuffers([buffer]);
    return written;
  },
};

if (parentPort) new ThreadCalls(parentPort, methods);

function fileOf(id: number): OpenFile {
  const file = files.get(id);
  if (!file) throw new Error(`file ${id} is not open`);
  return file;
}

function openFile(path: string, offset: number, names: readonly DigestName[]): OpenFile {
  const descriptor = openSync(path, offset > 0 ? "r+" : "w+");
  ftruncateSync(descriptor, offset);
  return { path, descriptor, digests: names.map(createDigest), at: 0 };
}

async function hashPrefix(file: OpenFile, offset: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, offset));
  while (file.at < offset) {
    const count = readSync(file.descriptor, buffer, 0, Math.min(buffer.length, offset - file.at), file.at);
    if (count === 0) throw new Error(`the partial file ended at byte ${file.at}, expected ${offset}`);
    for (const digest of file.digests) digest.update(buffer.subarray(0, count));
    file.at += count;
    await new Promise(setImmediate); // other files of this thread continue meanwhile
  }
}

function append(file: OpenFile, bytes: Uint8Array): void {
  writeAt(file.descriptor, bytes, file.at);
  for (const digest of file.digests) digest.update(bytes);
  file.at += bytes.length;
}

function writeAt(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  }
}

function put(temporary: string, bytes: Uint8Array, destination: Destination): WrittenFile {
  const digest = createDigest("sha256");
  digest.update(bytes);
  try {
    const descriptor = openSync(temporary, "wx");
    try {
      writeAt(descriptor, bytes, 0);
      setModificationTime(descriptor, destination);
    } finally {
      closeSync(descriptor);
    }
    return { digests: { sha256: digest.hex() }, modifiedMilliseconds: moveTo(temporary, destination) };
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function setModificationTime(descriptor: number, { modifiedMilliseconds }: Destination): void {
  if (modifiedMilliseconds !== undefined)
    futimesSync(descriptor, modifiedMilliseconds / 1000, modifiedMilliseconds / 1000);
}

/** Renames a file to its destination, whose folder is created if missing; returns its modification time there. */
function moveTo(from: string, { path }: Destination): number {
  try {
    renameSync(from, path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    makeFolderSync(dirname(path));
    renameSync(from, path);
  }
  return lstatSync(path).mtimeMs;
}
