import { type SharedBytes, sharedBytes } from "../base/shared-bytes.js";

/** Two places for file blocks, in memory that threads share. */
export type BlockBuffers = readonly [SharedBytes, SharedBytes];

/** For the next recording: fresh memory for each would set off a collection of garbage after every few. */
const idle: BlockBuffers[] = [];
/** As many as a thread works on at a time. */
const IDLE_BUFFERS = 2;

/** Places for blocks of at least so many bytes; `giveBuffers` returns them. */
export function takeBuffers(byteLength: number): BlockBuffers {
  const known = idle.pop();
  return known && known[0].byteLength >= byteLength ? known : [sharedBytes(byteLength), sharedBytes(byteLength)];
}

/** Give places back once nothing reads or fills them any more. */
export function giveBuffers(buffers: BlockBuffers): void {
  if (idle.length < IDLE_BUFFERS) idle.push(buffers);
}
