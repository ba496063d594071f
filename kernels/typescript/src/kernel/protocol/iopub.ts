import {
  createMessage,
  type Message,
  type MessageContents,
  type MessageHeader,
  type MessageType,
} from "../../wire/message.js";
import type { EncodedContent, JobParent } from "../threads/messages.js";
import { splitTrailingSurrogate, wellFormed } from "../threads/well-formed.js";

const FLUSH_MILLISECONDS = 50;
const FLUSH_CHARACTERS = 262_144;

/** The broadcast side of the kernel: everything in the order in which it came, stream text joined. */
export interface Iopub {
  publish<T extends MessageType>(type: T, content: MessageContents[T], parent: JobParent): void;
  /** Publishes content that is JSON text already. */
  publishEncoded(
    type: MessageType,
    encoded: EncodedContent,
    parent: JobParent,
    metadata?: Record<string, unknown>,
  ): void;
  /** Text of a stream; what follows within 50 ms under the same parent goes into one message. */
  stream(name: "stdout" | "stderr", text: string, parent: JobParent): void;
  welcome(topic: Uint8Array): void;
  flush(): void;
}

interface Pending {
  readonly name: "stdout" | "stderr";
  readonly parent: JobParent;
  text: string;
}

/** Broadcasts through `send`; `session` names this kernel in every header. */
export function createIopub(session: string, send: (message: Message<unknown>) => void): Iopub {
  let pending: Pending | undefined;
  let timer: NodeJS.Timeout | undefined;
  let flushedAt = Number.NEGATIVE_INFINITY;

  const message = <T extends MessageType>(type: T, content: MessageContents[T], parent: JobParent) => ({
    ...createMessage(type, content, { session, username: "kernel", identities: [Buffer.from(type)] }),
    parentHeader: parent as MessageHeader | undefined,
  });

  /** Sends what is pending; the first half of a surrogate pair waits for the other unless this is the `end`. */
  function flush(end = true): void {
    clearTimeout(timer);
    timer = undefined;
    if (!pending) return;
    const [ready, rest] = end ? [pending.text, ""] : splitTrailingSurrogate(pending.text);
    if (ready) send(message("stream", { name: pending.name, text: wellFormed(ready) }, pending.parent));
    pending = rest ? { ...pending, text: rest } : undefined;
    flushedAt = performance.now();
  }

  return {
    publish(type, content, parent) {
      flush();
      send(message(type, content, parent));
    },
    publishEncoded(type, { content, buffers }, parent, metadata = {}) {
      flush();
      const empty = {} as MessageContents[typeof type]; // replaced by the encoded content below
      send({ ...message(type, empty, parent), content, metadata, buffers: buffers ?? [] });
    },
    stream(name, text, parent) {
      if (pending && (pending.name !== name || pending.parent !== parent)) flush();
      if (pending) pending.text += text;
      else pending = { name, parent, text };
      const isDue = performance.now() - flushedAt > FLUSH_MILLISECONDS;
      if (isDue || pending.text.length > FLUSH_CHARACTERS) flush(false);
      if (pending) timer ??= setTimeout(flush, FLUSH_MILLISECONDS);
    },
    welcome(topic) {
      const subscription = Buffer.from(topic).toString();
      send({ ...message("iopub_welcome", { subscription }, undefined), identities: [topic] });
    },
    flush: () => flush(),
  };
}
