import { type SharedBytes, sharedBytes } from "../base/shared-bytes.js";

/** Two buffers for file blocks, in memory that threads share. */
export type BlockBuffers = readonly [SharedBytes, SharedBytes];

/** Pool for the next recording: new memory for each would trigger a garbage collection every few recordings. */
const idle: BlockBuffers[] = [];
/** As many as a thread uses at a time. */
const IDLE_BUFFERS = 2;

/** Buffers for blocks of at least `byteLength` bytes; `releaseBuffers` returns them to the pool. */
export function acquireBuffers(byteLength: number): BlockBuffers {
  const known = idle.pop();
  return known && known[0].byteLength >= byteLength ? known : [sharedBytes(byteLength), sharedBytes(byteLength)];
}

/** Return buffers to the pool once nothing reads or fills them any more. */
export function releaseBuffers(buffers: BlockBuffers): void {
  if (idle.length < IDLE_BUFFERS) idle.push(buffers);
}
