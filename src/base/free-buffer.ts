import { MessageChannel, type MessagePort } from "node:worker_threads";

let closedPort: MessagePort | undefined;

/**
 * Frees memory that is no longer needed, for streams of large chunks: a gigabyte of them would trigger some fifty garbage
 * collections. Buffers that are transferred to a closed port are freed at once.
 */
export function freeBuffers(buffers: readonly ArrayBuffer[]): void {
  if (!closedPort) {
    closedPort = new MessageChannel().port1;
    closedPort.close();
  }
  closedPort.postMessage(undefined, buffers);
}

/** The same for the buffer behind an array that fills it; other arrays are not changed. */
export function freeBuffer({ buffer, byteLength }: ArrayBufferView): void {
  if (byteLength === 0 || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  freeBuffers([buffer]);
}
