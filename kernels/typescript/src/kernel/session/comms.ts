import type { CommEvent, KernelHost } from "../cell-api/host.js";
import type { CommMessage, ToProtocol } from "../threads/messages.js";
import { encodeJson } from "../threads/well-formed.js";
import { currentJob } from "./job.js";

/** The main thread's side of all comms. */
export interface Comms extends Pick<KernelHost, "sendComm" | "listenComm" | "acceptComms"> {
  /** Hands an arrived message to whoever waits for it; an open for an unknown target is answered by a close. */
  receive(message: CommMessage): void;
}

export function createComms(post: (message: ToProtocol) => void): Comms {
  const listeners = new Map<string, (event: CommEvent) => void>();
  const targets = new Map<string, (event: CommEvent) => void>();

  const sendComm: KernelHost["sendComm"] = ({ type, id, target, data, metadata, buffers }) => {
    if (type === "comm_close") listeners.delete(id);
    const content = encodeJson({ comm_id: id, data, ...(type === "comm_open" ? { target_name: target } : {}) });
    const message: CommMessage = {
      messageType: type,
      id,
      ...(target ? { target } : {}),
      data: content,
      metadata,
      buffers,
    };
    post({ type: "comm", job: currentJob().job, message });
  };

  const refuse = (event: CommEvent) => sendComm({ ...event, type: "comm_close", data: {}, metadata: {}, buffers: [] });

  function accept(event: CommEvent, target: string): void {
    const handler = targets.get(target);
    if (!handler) {
      refuse(event);
      process.stderr.write(`a comm was closed: nothing here accepts comms called "${target}" (see Comm.onOpen)\n`);
      return;
    }
    try {
      handler(event);
    } catch (error) {
      refuse(event);
      throw error;
    }
  }

  return {
    sendComm,
    listenComm: (id, listener) => void listeners.set(id, listener),
    acceptComms(target, handler) {
      if (handler) targets.set(target, handler);
      else targets.delete(target);
    },
    receive({ messageType, id, target = "", data, metadata, buffers }) {
      const event: CommEvent = { type: messageType, id, data, metadata, buffers };
      if (messageType === "comm_open") accept(event, target);
      const listener = listeners.get(id);
      if (messageType === "comm_close") listeners.delete(id);
      listener?.(event);
    },
  };
}
