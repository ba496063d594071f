/** Plays a file as frames for `ictal stream`, to a client or a pipe. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { notify, printable } from "@ictal/base/printable";
import type { ChainOptions } from "../signal/chain.js";
import { encodeFrameHeader, encodeFrames } from "./stream-frames.js";
import { asStreamError, openEdfInput, parseAddress, type Speed } from "./stream-input.js";

export interface SendOptions {
  readonly chain: ChainOptions;
  readonly speed: Speed;
  readonly signal?: AbortSignal | undefined;
}

async function write(target: Writable, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
  if (!target.write(bytes)) await once(target, "drain", { ...(signal && { signal }) });
}

/** Gaps are sent as frames of NaN, a second at a time. */
async function* gapFrames(channels: number, frames: number, rate: number): AsyncGenerator<Uint8Array> {
  for (let left = frames; left > 0; left -= Math.ceil(rate)) {
    const count = Math.min(left, Math.ceil(rate));
    yield encodeFrames(Array.from({ length: channels }, () => new Float32Array(count).fill(Number.NaN)));
  }
}

/** Send the electrodes of the EDF file at `path` that the chain reads; returns how many frames were sent. */
export async function sendFrames(path: string, target: Writable, options: SendOptions): Promise<number> {
  const { chain, speed, signal } = options;
  const input = await openEdfInput(path, chain, { speed, signal });
  const { electrodes, sampleRateHz, startDateTime } = input;
  try {
    const about = { format: "ictal-stream", version: 1, channels: electrodes, sampleRateHz, unit: "uV" } as const;
    await write(target, encodeFrameHeader({ ...about, ...(startDateTime && { startDateTime }) }), signal);
    let sent = 0;
    for await (const { startSeconds, samples } of input.blocks()) {
      const missing = Math.round(startSeconds * sampleRateHz) - sent;
      for await (const bytes of gapFrames(electrodes.length, missing, sampleRateHz)) await write(target, bytes, signal);
      await write(target, encodeFrames(samples), signal);
      sent += Math.max(0, missing) + (samples[0]?.length ?? 0);
    }
    return sent;
  } finally {
    await input.close();
  }
}

async function firstClient(server: Server, address: string, signal?: AbortSignal): Promise<Socket> {
  const connected = once(server, "connection", { ...(signal && { signal }) });
  server.listen(parseAddress(address));
  await once(server, "listening", { ...(signal && { signal }) }).catch((error: unknown) => {
    connected.catch(() => undefined); // the failure to listen is told
    throw error;
  });
  const bound = server.address();
  const port = bound && typeof bound === "object" ? bound.port : "?";
  notify(`ictal: waiting for ictal stream tcp://${printable(parseAddress(address).host)}:${port}`);
  const [socket] = (await connected) as [Socket];
  return socket;
}

/** Send the file to the first client of tcp://HOST:PORT, or to standard output ("-"). StoreError when the client leaves. */
export async function serveFile(path: string, address: string, options: SendOptions): Promise<number> {
  if (address === "-") return sendFrames(path, process.stdout, options);
  const server = createServer();
  let socket: Socket | undefined;
  try {
    socket = await firstClient(server, address, options.signal);
    server.close();
    const gone = once(socket, "error", { ...(options.signal && { signal: options.signal }) }).then(([error]) => {
      throw error;
    });
    const sent = await Promise.race([sendFrames(path, socket, options), gone]);
    socket.end();
    await once(socket, "close");
    return sent;
  } catch (error) {
    throw asStreamError(error, address, 0);
  } finally {
    socket?.destroy();
    server.close();
  }
}
