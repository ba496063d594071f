import { setImmediate as turn } from "node:timers/promises";
import { FormatError } from "@ictal/base/errors";
import type { Dealer, Publisher, Router, Subscriber, XPublisher } from "zeromq";
import { addressOf, type ChannelName, type ConnectionInfo } from "./connection.js";
import { decodeInPieces, decodeMessage, encodeMessage } from "./framing.js";
import type { Message } from "./message.js";

/**
 * Options for every message socket: no high-water mark, so that nothing is dropped, and no send timeout, so that each
 * send is handed to libzmq at once. zeromq.js otherwise lets one send wait per socket and throws away the next.
 */
export const UNLIMITED = { sendHighWaterMark: 0, receiveHighWaterMark: 0, sendTimeout: 0 } as const;
/** The same for a socket that only receives. */
export const UNLIMITED_RECEIVE = { receiveHighWaterMark: 0 } as const;

type SendingSocket = Dealer | Router | Publisher | XPublisher;
type ReceivingSocket = Dealer | Router | Subscriber;

/** Binds a socket to the address of its channel; FormatError that names the address when that cannot be had. */
export async function bindTo(
  socket: Router | XPublisher,
  connection: ConnectionInfo,
  channel: ChannelName,
): Promise<void> {
  const address = addressOf(connection, channel);
  try {
    await socket.bind(address);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(
      `${address} cannot be used: ${reason}; a connection file with a free address was expected, start the kernel anew`,
      { file: "connection", field: `${channel}_port` },
      { cause },
    );
  }
}

/** Sends signed messages over one socket, in the order of the calls, one native send at a time. */
export interface Sender {
  /** Resolves when libzmq has taken the message; rejects when the socket is closed. */
  send(message: Message<unknown>): Promise<void>;
  /** Resolves when all that was sent so far is with libzmq. */
  flush(): Promise<void>;
}

/**
 * The only sender of `socket`. A socket with the options UNLIMITED takes each message at once, so that output appears
 * even while the thread computes; on any other a send waits for the one before it instead of failing.
 */
export function createSender(socket: SendingSocket, key: string): Sender {
  const immediate = socket.sendTimeout === 0;
  const transmit = (frames: Uint8Array[]) => socket.send(frames as Buffer[]); // zeromq takes any Uint8Array
  let last = Promise.resolve();
  return {
    send(message) {
      const frames = encodeMessage(message, key);
      last = immediate ? transmit(frames) : last.catch(() => {}).then(() => transmit(frames));
      return last;
    },
    flush: () => last.catch(() => {}),
  };
}

/** Whatever arrives until the socket is closed; a receive that the closing cuts off ends it, too. */
export async function* framesOf(socket: ReceivingSocket | XPublisher): AsyncGenerator<Buffer[]> {
  try {
    for await (const frames of socket) yield frames;
  } catch (error) {
    if (!socket.closed) throw error;
  }
}

/**
 * Calls `onMessage` for each message that arrives until the socket is closed. What cannot be decoded or carries a
 * wrong signature goes to `onRefused` and nowhere else. With `pace` a large stream message comes in pieces, and after
 * each piece and each message the next waits for it: what is in hand stays small when much arrives at once.
 */
export async function receiveMessages(
  socket: ReceivingSocket,
  key: string,
  onMessage: (message: Message) => void,
  onRefused: (error: FormatError) => void,
  pace?: () => Promise<void>,
): Promise<void> {
  for await (const frames of framesOf(socket)) {
    let messages: Iterable<Message>;
    try {
      messages = pace ? decodeInPieces(frames, key) : [decodeMessage(frames, key)];
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      onRefused(error);
      continue;
    }
    let handedOn = 0;
    for (const message of messages) {
      if (handedOn++ > 0) {
        await turn(); // timers and signals go on, and what the last piece left can be collected
        if (socket.closed) return;
      }
      onMessage(message);
      if (pace) await pace();
    }
  }
}
