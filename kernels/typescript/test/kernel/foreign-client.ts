import { createHmac, randomUUID } from "node:crypto";
import { Dealer, Subscriber } from "zeromq";
import { addressOf, type ConnectionInfo } from "../../src/wire/connection.js";

/** A message as it stands on the wire: nothing of it is ours. */
export interface ForeignMessage {
  readonly header: { readonly msg_id: string; readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: Record<string, unknown>;
}

type Channel = "shell" | "control" | "stdin" | "iopub";

/** A client that writes its messages by itself, as another program does. */
export interface ForeignClient {
  /** Sends a message and returns its id. */
  send(channel: Channel, type: string, content: object, metadata?: object, parent?: ForeignMessage): string;
  /** The reply to a message on shell or control. */
  reply(id: string): Promise<ForeignMessage>;
  ask(channel: "shell" | "control", type: string, content: object): Promise<ForeignMessage>;
  /** A message of a type, under the request `id` where one is named. */
  on(channel: Channel, type: string, id?: string): Promise<ForeignMessage>;
  close(): void;
}

const PATIENCE_MILLISECONDS = 20_000;

/** Connects one identity to all channels; `header` is what the client writes into each header. */
export async function connectAs(
  connection: ConnectionInfo,
  header: Readonly<Record<string, string>>,
): Promise<ForeignClient> {
  const session = randomUUID();
  const seen: { channel: Channel; message: ForeignMessage }[] = [];
  const waiting = new Set<() => void>();
  const listen = async (channel: Channel, socket: Dealer | Subscriber) => {
    for await (const frames of socket) {
      const at = frames.findIndex((frame) => frame.toString() === "<IDS|MSG>");
      const [head, parent, , content] = frames
        .slice(at + 2, at + 6)
        .map((frame) => JSON.parse(frame.toString()) as never);
      seen.push({ channel, message: { header: head!, parent_header: parent!, content: content! } });
      for (const check of [...waiting]) check();
    }
  };
  const iopub = new Subscriber({ linger: 0 });
  iopub.connect(addressOf(connection, "iopub"));
  iopub.subscribe("");
  void listen("iopub", iopub);
  const sockets = new Map<Channel, Dealer>();
  for (const channel of ["shell", "control", "stdin"] as const) {
    const socket = new Dealer({ linger: 0, routingId: session, sendHighWaterMark: 0 });
    socket.connect(addressOf(connection, channel));
    sockets.set(channel, socket);
    void listen(channel, socket);
  }
  let last = Promise.resolve();
  const wait = (accept: (message: ForeignMessage, channel: Channel) => boolean, what: string) =>
    new Promise<ForeignMessage>((resolve, reject) => {
      const check = () => {
        const found = seen.find(({ channel, message }) => accept(message, channel));
        if (!found) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(found.message);
      };
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(
          new Error(`${what} did not come; seen: ${seen.map(({ message }) => message.header.msg_type).join(" ")}`),
        );
      }, PATIENCE_MILLISECONDS);
      waiting.add(check);
      check();
    });
  const client: ForeignClient = {
    send(channel, type, content, metadata = {}, parent) {
      const id = randomUUID();
      const head = { msg_id: id, session, date: new Date().toISOString(), msg_type: type, ...header };
      const json = [head, parent?.header ?? {}, metadata, content].map((part) => JSON.stringify(part));
      const mac = createHmac("sha256", connection.key);
      for (const frame of json) mac.update(frame);
      last = last.then(() => sockets.get(channel)!.send(["<IDS|MSG>", mac.digest("hex"), ...json]));
      return id;
    },
    reply: (id) =>
      wait(
        ({ header: { msg_type: type }, parent_header: parent }, channel) =>
          channel !== "iopub" && type.endsWith("_reply") && parent.msg_id === id,
        `the reply to ${id}`,
      ),
    ask: (channel, type, content) => client.reply(client.send(channel, type, content)),
    on: (on, type, id) =>
      wait(
        ({ header: { msg_type: found }, parent_header: parent }, channel) =>
          channel === on && found === type && (id === undefined || parent.msg_id === id),
        type,
      ),
    close() {
      iopub.close();
      for (const socket of sockets.values()) socket.close();
    },
  };
  return client;
}
