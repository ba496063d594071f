import { randomUUID } from "node:crypto";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { Dealer, Subscriber } from "zeromq";
import { createSender, receiveMessages, type Sender, UNLIMITED, UNLIMITED_RECEIVE } from "./channel.js";
import { addressOf, type ConnectionInfo } from "./connection.js";
import { createMessage, type Message, type MessageContents, type MessageType } from "./message.js";

export type ClientChannel = "shell" | "control" | "stdin";

/** A Jupyter client's end of a kernel's sockets. */
export interface KernelClient {
  readonly session: string;
  /** Sends a request and returns its message id, which the answers carry as parent. */
  send<T extends MessageType>(channel: ClientChannel, type: T, content: MessageContents[T], parent?: Message): string;
  /** Registers a listener for every message that arrives; returns the function that removes it. */
  listen(listener: (channel: ClientChannel | "iopub", message: Message) => void): () => void;
  /** How many messages were refused for a wrong signature or shape. */
  readonly refused: number;
  /** Resolves when no message has come for so long and none is being handed on. */
  quiet(milliseconds: number): Promise<void>;
  close(): void;
}

/**
 * Connects to a kernel's shell, control, stdin and iopub sockets; one routing id for all, as the protocol asks. With
 * `pace`, which iopub waits for after each message, large stream messages come as several with the same header.
 */
export function connectClient(connection: ConnectionInfo, pace?: () => Promise<void>): KernelClient {
  const session = randomUUID();
  const listeners = new Set<(channel: ClientChannel | "iopub", message: Message) => void>();
  const channels: readonly ClientChannel[] = ["shell", "control", "stdin"];
  const sockets = new Map<ClientChannel, Dealer>();
  const senders = new Map<ClientChannel, Sender>();
  let refused = 0;
  let arrived = 0;
  let waiting = false;
  const refuse = () => {
    refused += 1;
  };
  const dispatch = (channel: ClientChannel | "iopub") => (message: Message) => {
    arrived += 1;
    for (const listener of [...listeners]) listener(channel, message);
  };
  for (const channel of channels) {
    const socket = new Dealer({ ...UNLIMITED, routingId: session, linger: 0 });
    socket.connect(addressOf(connection, channel));
    sockets.set(channel, socket);
    senders.set(channel, createSender(socket, connection.key));
    void receiveMessages(socket, connection.key, dispatch(channel), refuse);
  }
  const iopub = new Subscriber({ ...UNLIMITED_RECEIVE, linger: 0 });
  iopub.connect(addressOf(connection, "iopub"));
  iopub.subscribe();
  const waitForPace =
    pace &&
    (async () => {
      waiting = true;
      await pace();
      waiting = false;
    });
  void receiveMessages(iopub, connection.key, dispatch("iopub"), refuse, waitForPace);
  return {
    session,
    get refused() {
      return refused;
    },
    send(channel, type, content, parent) {
      const message = createMessage(type, content, { session, ...(parent ? { parent, identities: [] } : {}) });
      senders
        .get(channel)!
        .send(message)
        .catch(() => {}); // the socket was closed: nobody waits for an answer any more
      return message.header.msg_id;
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async quiet(milliseconds) {
      let before: number;
      do {
        before = arrived;
        await sleep(milliseconds);
        await turn(); // a piece that waits for its turn comes first
      } while (waiting || arrived > before);
    },
    close() {
      listeners.clear();
      for (const socket of sockets.values()) socket.close();
      iopub.close();
    },
  };
}
