import { closeSync, fdatasync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { parentPort } from "node:worker_threads";
import { createDigest, type Digest } from "./digest.js";
import type { DigestName } from "./store.js";

/** The thread behind `part-writer.ts`: writes parts and hashes them, so that the main thread only moves bytes. */

export type PartRequest = { readonly id: number } & (
  | { readonly kind: "open"; readonly path: string; readonly offset: number; readonly names: readonly DigestName[] }
  | { readonly kind: "write"; readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly kind: "finish" }
  | { readonly kind: "close" }
);

export interface PartReply {
  readonly id: number;
  /** With "finish": digests in hexadecimal. */
  readonly digests?: Partial<Record<DigestName, string>>;
  /** With "write": the buffer, given back for use again. */
  readonly buffer?: ArrayBuffer;
  readonly error?: { readonly message: string; readonly code?: string };
}

interface OpenPart {
  readonly descriptor: number;
  readonly digests: readonly Digest[];
  at: number;
}

const CHUNK_BYTES = 1 << 20;
const parts = new Map<number, OpenPart>();
const syncData = promisify(fdatasync);

parentPort?.on("message", (request: PartRequest) => {
  void answer(request).then(
    (reply) => parentPort?.postMessage(reply, reply.buffer ? [reply.buffer] : []),
    (error: NodeJS.ErrnoException) => {
      const { message, code } = error;
      parentPort?.postMessage({ id: request.id, error: { message, ...(code !== undefined && { code }) } });
    },
  );
});

async function answer(request: PartRequest): Promise<PartReply> {
  const { id } = request;
  if (request.kind === "open") {
    const part = openPart(request.path, request.offset, request.names);
    parts.set(id, part);
    await hashPrefix(part, request.offset);
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
    append(part, new Uint8Array(request.buffer, 0, request.length));
    return { id, buffer: request.buffer };
  }
  await syncData(part.descriptor);
  return { id, digests: Object.fromEntries(part.digests.map((digest) => [digest.name, digest.hex()])) };
}

function openPart(path: string, offset: number, names: readonly DigestName[]): OpenPart {
  const descriptor = openSync(path, offset > 0 ? "r+" : "w+");
  ftruncateSync(descriptor, offset);
  return { descriptor, digests: names.map(createDigest), at: 0 };
}

async function hashPrefix(part: OpenPart, offset: number): Promise<void> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  while (part.at < offset) {
    const count = readSync(part.descriptor, buffer, 0, Math.min(buffer.length, offset - part.at), part.at);
    if (count === 0) throw new Error(`the part ended at byte ${part.at}, expected ${offset}`);
    for (const digest of part.digests) digest.update(buffer.subarray(0, count));
    part.at += count;
    await new Promise(setImmediate); // other parts of this thread go on meanwhile
  }
}

function append(part: OpenPart, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(part.descriptor, bytes, done, bytes.length - done, part.at + done);
  }
  for (const digest of part.digests) digest.update(bytes);
  part.at += bytes.length;
}
