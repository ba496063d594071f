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
import { createDigest, type Digest } from "./digest.js";
import { isMissing } from "./local-path.js";
import type { DigestName, ExpectedDigest } from "./store.js";

/**
 * The thread behind `part-writer.ts`: writes files, hashes them and puts them in their place, so that the main thread only
 * moves bytes. Nothing is synced: what a power cut takes is looked for when the mirror is used again (`mirror.ts`).
 */

/** Where a finished file belongs. */
export interface Place {
  readonly path: string;
  /** Its time of change. @default as written */
  readonly modifiedMilliseconds?: number;
}

export type PartRequest = { readonly id: number } & (
  | {
      readonly kind: "open";
      readonly path: string;
      readonly offset: number;
      readonly names: readonly DigestName[];
      /** A file to write beside it. */
      readonly note?: { readonly path: string; readonly text: string };
    }
  | { readonly kind: "write"; readonly buffers: readonly GivenBuffer[] }
  /** Closes the file, and puts it into its place and removes `note` when it is what was expected. */
  | {
      readonly kind: "finish";
      readonly place: Place;
      readonly expected: readonly ExpectedDigest[];
      readonly note: string;
    }
  | { readonly kind: "close" }
  /** A whole file at once, through a temporary name. */
  | { readonly kind: "put"; readonly temporary: string; readonly buffer: GivenBuffer; readonly place: Place }
);

export interface PartReply {
  readonly id: number;
  /** With "finish" and "put": digests in hexadecimal. */
  readonly digests?: Partial<Record<DigestName, string>>;
  /** With "finish" and "put": the file's time of change once it is in its place; undefined when a digest is another. */
  readonly modifiedMilliseconds?: number;
  readonly error?: { readonly message: string; readonly code?: string };
}

interface OpenPart {
  readonly path: string;
  readonly descriptor: number;
  readonly digests: readonly Digest[];
  at: number;
}

const CHUNK_BYTES = 1 << 20;
const parts = new Map<number, OpenPart>();

parentPort?.on("message", (request: PartRequest) => {
  void answer(request).then(
    (reply) => parentPort?.postMessage(reply),
    (error: NodeJS.ErrnoException) => {
      const { message, code } = error;
      parentPort?.postMessage({ id: request.id, error: { message, ...(code !== undefined && { code }) } });
    },
  );
});

async function answer(request: PartRequest): Promise<PartReply> {
  const { id } = request;
  if (request.kind === "put") {
    const placed = put(request.temporary, new Uint8Array(request.buffer), request.place);
    freeBuffers([request.buffer]);
    return { id, ...placed };
  }
  if (request.kind === "open") {
    const { path, offset, names, note } = request;
    const part = openPart(path, offset, names);
    parts.set(id, part);
    if (note) writeFileSync(note.path, note.text);
    await hashPrefix(part, offset);
    return { id };
  }
  const part = parts.get(id);
  if (request.kind === "close") {
    if (part) closeSync(part.descriptor);
    parts.delete(id);
    return { id };
  }
  if (!part) throw new Error(`part ${id} is not open`);
  if (request.kind === "write") {
    for (const buffer of request.buffers) append(part, new Uint8Array(buffer));
    freeBuffers(request.buffers);
    return { id };
  }
  const digests = Object.fromEntries(part.digests.map((digest) => [digest.name, digest.hex()]));
  const isExpected = request.expected.every(({ name, hex }) => digests[name] === hex);
  if (isExpected) stampTime(part.descriptor, request.place);
  parts.delete(id);
  closeSync(part.descriptor);
  if (!isExpected) return { id, digests };
  const modifiedMilliseconds = moveInto(part.path, request.place);
  rmSync(request.note, { force: true });
  return { id, digests, modifiedMilliseconds };
}

function openPart(path: string, offset: number, names: readonly DigestName[]): OpenPart {
  const descriptor = openSync(path, offset > 0 ? "r+" : "w+");
  ftruncateSync(descriptor, offset);
  return { path, descriptor, digests: names.map(createDigest), at: 0 };
}

async function hashPrefix(part: OpenPart, offset: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(CHUNK_BYTES, offset));
  while (part.at < offset) {
    const count = readSync(part.descriptor, buffer, 0, Math.min(buffer.length, offset - part.at), part.at);
    if (count === 0) throw new Error(`the part ended at byte ${part.at}, expected ${offset}`);
    for (const digest of part.digests) digest.update(buffer.subarray(0, count));
    part.at += count;
    await new Promise(setImmediate); // other parts of this thread go on meanwhile
  }
}

function append(part: OpenPart, bytes: Uint8Array): void {
  writeAt(part.descriptor, bytes, part.at);
  for (const digest of part.digests) digest.update(bytes);
  part.at += bytes.length;
}

function writeAt(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
  }
}

function put(temporary: string, bytes: Uint8Array, place: Place): Omit<PartReply, "id"> {
  const digest = createDigest("sha256");
  digest.update(bytes);
  try {
    const descriptor = openSync(temporary, "wx");
    try {
      writeAt(descriptor, bytes, 0);
      stampTime(descriptor, place);
    } finally {
      closeSync(descriptor);
    }
    return { digests: { sha256: digest.hex() }, modifiedMilliseconds: moveInto(temporary, place) };
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function stampTime(descriptor: number, { modifiedMilliseconds }: Place): void {
  if (modifiedMilliseconds !== undefined)
    futimesSync(descriptor, modifiedMilliseconds / 1000, modifiedMilliseconds / 1000);
}

/** Renames a file into its place, whose folder is made if missing; gives its time of change as the file system has it. */
function moveInto(from: string, { path }: Place): number {
  try {
    renameSync(from, path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    makeFolderSync(dirname(path));
    renameSync(from, path);
  }
  return lstatSync(path).mtimeMs;
}
