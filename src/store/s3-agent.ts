import { type AgentOptions, Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { OnReadOpts, Socket } from "node:net";
import { holdBuffer, OwnedBytes } from "../base/owned-bytes.js";

/**
 * Connections that read into a buffer of their own, used again and again. Node's usual way makes a fresh one of 64 KiB for
 * each read, and collecting those cost as much time as the transfer.
 */

const READ_BYTES = 1 << 18;

/** Bodies whose chunks are taken as they arrive, by their connection. */
const poured = new WeakMap<Socket, IncomingMessage>();

type Connect = (options: object, ready: unknown) => unknown;

/** Wraps an agent's way to connect; what both kinds of agent have and Node's types leave out. */
function withReadBuffers<T extends HttpAgent>(agent: T): T {
  const open = agent as unknown as { createConnection: Connect };
  const connect = open.createConnection.bind(agent);
  open.createConnection = (options, ready) => connect({ ...options, onread: readBuffer() }, ready);
  return agent;
}

export const createHttpAgent = (options: AgentOptions): HttpAgent => withReadBuffers(new HttpAgent(options));
export const createHttpsAgent = (options: AgentOptions): HttpsAgent => withReadBuffers(new HttpsAgent(options));

function readBuffer(): OnReadOpts {
  let buffer = heldBuffer();
  let isKept = false;
  return {
    buffer() {
      if (isKept) buffer = heldBuffer();
      isKept = false;
      return buffer;
    },
    callback(this: Socket, count: number, bytes: Uint8Array) {
      const body = poured.get(this);
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, count);
      this.emit("data", body ? view : Buffer.from(view));
      isKept = body !== undefined && body.readableLength > 0; // a paused body holds the view until it goes on
      return true;
    },
  } as OnReadOpts;
}

/** Read into while its connection lasts: what is to be kept of it is a copy. */
function heldBuffer(): Buffer<ArrayBuffer> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  holdBuffer(buffer.buffer);
  return buffer;
}

/** Takes bytes over. A promise makes the sender wait until it is settled. */
export type TakeBytes = (bytes: OwnedBytes) => Promise<void> | undefined;

const brokenOff = () => Object.assign(new Error("aborted"), { code: "ECONNRESET" });

/**
 * Gives a response's body to `take` piece by piece; resolves at its end, rejects with what broke it or `take`. A body may
 * have broken before anyone listened (its connection goes on by itself): that rejects as well.
 */
export function pour(body: IncomingMessage, take: TakeBytes): Promise<void> {
  if (body.readableEnded) return Promise.resolve();
  if (body.destroyed) return Promise.reject(body.errored ?? brokenOff());
  const { socket } = body;
  return new Promise<void>((done, fail) => {
    poured.set(socket, body);
    const stop = (error: unknown) => body.destroy(error as Error);
    body.once("end", done);
    body.once("error", fail);
    body.once("close", () => fail(brokenOff()));
    body.on("data", (chunk: Uint8Array) => {
      try {
        const wait = take(OwnedBytes.from(chunk));
        if (!wait) return;
        body.pause();
        wait.then(() => body.resume(), stop);
      } catch (error) {
        stop(error);
      }
    });
  }).finally(() => {
    if (poured.get(socket) === body) poured.delete(socket);
  });
}
