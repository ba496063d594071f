import { type AgentOptions, Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { OnReadOpts, Socket } from "node:net";
import { holdBuffer, OwnedBytes } from "../base/owned-bytes.js";

/**
 * Connections with one reused read buffer. By default Node allocates 64 KiB for each read, and garbage collection of these took
 * as much time as the transfer.
 */

const READ_BYTES = 1 << 18;

/** Bodies whose chunks are consumed as they arrive, by their connection. */
const piped = new WeakMap<Socket, IncomingMessage>();

type Connect = (options: object, ready: unknown) => unknown;

/** Wraps `createConnection`, a method of both kinds of agent that Node's types lack. */
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
      const body = piped.get(this);
      const view = Buffer.from(bytes.buffer, bytes.byteOffset, count);
      this.emit("data", body ? view : Buffer.from(view));
      isKept = body !== undefined && body.readableLength > 0; // a paused body keeps the view until it resumes
      return true;
    },
  } as OnReadOpts;
}

/** Reused for the lifetime of its connection: bytes that are kept are copied. */
function heldBuffer(): Buffer<ArrayBuffer> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  holdBuffer(buffer.buffer);
  return buffer;
}

/** Takes ownership of bytes. A promise makes the sender wait until it is settled (backpressure). */
export type ConsumeBytes = (bytes: OwnedBytes) => Promise<void> | undefined;

const connectionReset = () => Object.assign(new Error("aborted"), { code: "ECONNRESET" });

/**
 * Passes the chunks of a response's body to `consume`; resolves at its end, rejects with an error of the body or of `consume`. A
 * body may have failed before a listener was added (its connection continues by itself): that rejects as well.
 */
export function pipeBody(body: IncomingMessage, consume: ConsumeBytes): Promise<void> {
  if (body.readableEnded) return Promise.resolve();
  if (body.destroyed) return Promise.reject(body.errored ?? connectionReset());
  const { socket } = body;
  return new Promise<void>((done, fail) => {
    piped.set(socket, body);
    const stop = (error: unknown) => body.destroy(error as Error);
    body.once("end", done);
    body.once("error", fail);
    body.once("close", () => fail(connectionReset()));
    body.on("data", (chunk: Uint8Array) => {
      try {
        const wait = consume(OwnedBytes.from(chunk));
        if (!wait) return;
        body.pause();
        wait.then(() => body.resume(), stop);
      } catch (error) {
        stop(error);
      }
    });
  }).finally(() => {
    if (piped.get(socket) === body) piped.delete(socket);
  });
}
