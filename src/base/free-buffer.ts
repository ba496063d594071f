import { MessageChannel, type MessagePort } from "node:worker_threads";

let closedPort: MessagePort | undefined;

/**
 * Frees memory that nobody needs any more. For streams of large chunks: left to the garbage collector, a gigabyte of them
 * sets it off some fifty times. What is moved to a closed port is gone at once.
 */
export function freeBuffers(buffers: readonly ArrayBuffer[]): void {
  if (!closedPort) {
    closedPort = new MessageChannel().port1;
    closedPort.close();
  }
  closedPort.postMessage(undefined, buffers);
}

/** The same for the buffer behind an array that fills it; other arrays are left alone. */
export function freeBuffer({ buffer, byteLength }: ArrayBufferView): void {
  if (byteLength === 0 || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  freeBuffers([buffer]);
}
