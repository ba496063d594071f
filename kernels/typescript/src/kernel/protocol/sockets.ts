import { Router, XPublisher } from "zeromq";
import { bindTo, createSender, framesOf, receiveMessages, type Sender, UNLIMITED } from "../../wire/channel.js";
import type { ConnectionInfo } from "../../wire/connection.js";
import type { Message } from "../../wire/message.js";
import { log } from "./log.js";

/** Unsent messages may hold up the end of the process for this long. */
const LINGER_MILLISECONDS = 1000;
const SUBSCRIBE = 1;

export type RequestChannel = "shell" | "control" | "stdin";

/** The kernel's end of four of its five sockets; the heartbeat has a thread of its own. */
export interface KernelSockets {
  send(channel: RequestChannel | "iopub", message: Message<unknown>): void;
  close(): void;
}

export interface SocketListeners {
  onMessage(channel: RequestChannel, message: Message): void;
  /** A client subscribed to the topic. */
  onSubscription(topic: Uint8Array): void;
}

function refuse(error: Error): void {
  log(`a message was dropped: ${error.message}`);
}

async function receiveSubscriptions(iopub: XPublisher, onSubscription: (topic: Uint8Array) => void): Promise<void> {
  for await (const [frame] of framesOf(iopub)) if (frame?.[0] === SUBSCRIBE) onSubscription(frame.subarray(1));
}

/** Binds shell, control, stdin and iopub to the addresses of the connection and to nothing else. */
export async function bindSockets(connection: ConnectionInfo, listeners: SocketListeners): Promise<KernelSockets> {
  const options = { ...UNLIMITED, linger: LINGER_MILLISECONDS };
  const routers = new Map<RequestChannel, Router>();
  const senders = new Map<RequestChannel | "iopub", Sender>();
  const iopub = new XPublisher(options);
  iopub.verbosity = "allSubs"; // a second client is welcomed too
  senders.set("iopub", createSender(iopub, connection.key));
  for (const channel of ["shell", "control", "stdin"] as const) {
    const socket = new Router({ ...options, handover: true }); // a client that comes back under its name is served
    routers.set(channel, socket);
    senders.set(channel, createSender(socket, connection.key));
  }
  const close = () => {
    for (const socket of routers.values()) socket.close();
    iopub.close();
  };
  try {
    await bindTo(iopub, connection, "iopub");
    for (const [channel, socket] of routers) await bindTo(socket, connection, channel);
  } catch (error) {
    close(); // Node aborts when a thread ends with open ones
    throw error;
  }
  void receiveSubscriptions(iopub, listeners.onSubscription);
  for (const [channel, socket] of routers) {
    void receiveMessages(socket, connection.key, (message) => listeners.onMessage(channel, message), refuse);
  }
  return {
    send(channel, message) {
      senders
        .get(channel)!
        .send(message)
        .catch((error: Error) => {
          if (!iopub.closed) refuse(error);
        });
    },
    close,
  };
}
