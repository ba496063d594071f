import { createMessage, type Message, type MessageType } from "../../wire/message.js";
import type { Iopub } from "./iopub.js";
import type { KernelSockets, RequestChannel } from "./sockets.js";

export interface ResponderParts {
  readonly session: string;
  readonly sockets: KernelSockets;
  readonly iopub: Iopub;
  /** The request whose cell runs now. */
  runningCell(): Message | undefined;
}

/** Sends replies and states, and answers the requests of a channel in their order. */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #turns = new Map<RequestChannel, Promise<void>>();

  constructor(parts: ResponderParts) {
    this.#parts = parts;
  }

  reply(channel: RequestChannel, request: Message, type: string, content: object): void {
    const options = { session: this.#parts.session, username: "kernel", parent: request };
    const message = createMessage(type as MessageType, content as never, options); // a reply's content is made beside its type
    this.#parts.sockets.send(channel, message);
  }

  setState(state: "busy" | "idle", request: Message): void {
    this.#parts.iopub.publish("status", { execution_state: state }, request.header);
  }

  /** Front ends take the last state they receive for the kernel's: while a cell runs it is busy. */
  restoreBusy(): void {
    const running = this.#parts.runningCell();
    if (running) this.setState("busy", running);
  }

  /** Answers with what `work` returns, in the order of the requests of a channel, beside whatever cell runs. */
  inTurn(channel: RequestChannel, request: Message, work: () => Promise<object | undefined>): void {
    const { msg_type: type } = request.header;
    const turn = async () => {
      this.setState("busy", request);
      const content = await work();
      if (content) this.reply(channel, request, type.replace(/_request$/, "_reply"), content);
      this.setState("idle", request);
      if (type !== "interrupt_request") this.restoreBusy(); // an interrupt ends the cell
    };
    this.#turns.set(channel, this.#turnsOf(channel).then(turn));
  }

  /** Calls `then` when the requests of a channel so far are answered. */
  afterTurns(channel: RequestChannel, then: () => void): void {
    void this.#turnsOf(channel).then(then);
  }

  #turnsOf(channel: RequestChannel): Promise<void> {
    return this.#turns.get(channel) ?? Promise.resolve();
  }
}
