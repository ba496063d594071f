import type { CommContent, Message } from "../../wire/message.js";
import type { CommMessage } from "../threads/messages.js";

/** Which comms are open, known without asking the main thread. */
export interface CommRegistry {
  /** Takes note of a message in either direction. */
  note(type: CommMessage["messageType"], id: string, target?: string): void;
  has(id: string): boolean;
  /** Open comms, of one target when it is named. */
  list(target?: string): Record<string, { target_name: string }>;
}

export function createCommRegistry(): CommRegistry {
  const open = new Map<string, string>();
  return {
    note(type, id, target = "") {
      if (type === "comm_open") open.set(id, target);
      if (type === "comm_close") open.delete(id);
    },
    has: (id) => open.has(id),
    list(target) {
      const entries = [...open].filter(([, name]) => target === undefined || name === target);
      return Object.fromEntries(entries.map(([id, name]) => [id, { target_name: name }]));
    },
  };
}

const TYPES: readonly string[] = ["comm_open", "comm_msg", "comm_close"];

/** The comm message in a request; undefined when it is none or lacks its id. */
export function toCommMessage(message: Message): CommMessage | undefined {
  const content = message.content as Partial<CommContent>; // checked below
  const { msg_type: messageType } = message.header;
  if (!TYPES.includes(messageType) || typeof content.comm_id !== "string") return undefined;
  return {
    messageType: messageType as CommMessage["messageType"], // one of TYPES
    id: content.comm_id,
    ...(content.target_name === undefined ? {} : { target: content.target_name }),
    data: content.data ?? {},
    metadata: message.metadata,
    buffers: message.buffers.map((buffer) => Uint8Array.from(buffer)), // libzmq's memory cannot change threads
  };
}
