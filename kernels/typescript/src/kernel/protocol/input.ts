import type { MessagePort } from "node:worker_threads";
import { createMessage, type Message } from "../../wire/message.js";
import { type InputAnswer, SHARED } from "../threads/messages.js";
import type { KernelSockets } from "./sockets.js";

/** Carries a cell's question to the client that sent the cell, and the answer to the waiting main thread. */
export interface InputRelay {
  ask(prompt: string, password: boolean, parent: Message | undefined): void;
  /** An input_reply came. */
  reply(message: Message): void;
  /** Gives a waiting cell up; true when one waited. */
  cancel(): boolean;
}

/** Answers go through `port`; the first cell of `shared` is set and notified once one is there. */
export function createInputRelay(
  sockets: () => KernelSockets,
  session: string,
  port: MessagePort,
  shared: Int32Array,
): InputRelay {
  let isAsked = false;
  const answer = (value: InputAnswer) => {
    isAsked = false;
    port.postMessage(value);
    Atomics.store(shared, SHARED.inputReady, 1);
    Atomics.notify(shared, SHARED.inputReady);
  };
  return {
    ask(prompt, password, parent) {
      if (!parent) return answer({ refused: "no-stdin" });
      const message = createMessage("input_request", { prompt, password }, { session, username: "kernel", parent });
      isAsked = true;
      sockets().send("stdin", message);
    },
    reply(message) {
      if (!isAsked || message.header.msg_type !== "input_reply") return; // some clients name no parent
      const { value, status } = message.content;
      answer(status === "error" ? { refused: "no-stdin" } : { value: String(value ?? "") });
    },
    cancel() {
      if (!isAsked) return false;
      answer({ refused: "interrupted" });
      return true;
    },
  };
}
