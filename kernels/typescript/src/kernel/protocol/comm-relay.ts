import type { Message } from "../../wire/message.js";
import type { CommMessage, ToMain } from "../threads/messages.js";
import { type CommRegistry, toCommMessage } from "./comm-registry.js";
import type { Iopub } from "./iopub.js";
import type { JobParents } from "./job-parents.js";
import type { Job, JobQueue } from "./job-queue.js";
import type { Responder } from "./responder.js";

export interface CommRelayParts {
  readonly comms: CommRegistry;
  readonly queue: JobQueue;
  readonly parents: JobParents;
  readonly responder: Responder;
  readonly iopub: Iopub;
  post(message: ToMain): void;
}

/** Passes comm messages between clients and the main thread: in the queue, or at once to the cell that runs. */
export class CommRelay {
  readonly #parts: CommRelayParts;
  #directJobs = 0;

  constructor(parts: CommRelayParts) {
    this.#parts = parts;
  }

  /** Takes a client's message; one for an open comm does not wait for the cell that runs. */
  receive(message: Message): void {
    const comm = toCommMessage(message);
    if (!comm) return;
    const { queue, comms } = this.#parts;
    const isLive = comm.messageType !== "comm_open" && comms.has(comm.id);
    if (queue.running?.isCell && isLive) this.#deliverNow(message, comm);
    else queue.add(message, false);
  }

  /** Starts a comm message whose turn in the queue has come. */
  start({ number, message }: Job): void {
    const { parents, comms, post } = this.#parts;
    parents.set(number, message, false);
    const comm = toCommMessage(message);
    if (!comm) return; // never queued
    comms.note(comm.messageType, comm.id, comm.target);
    post({ type: "comm", job: number, message: comm });
  }

  /** Ends the job of a comm message that the main thread has handled. */
  end(number: number): void {
    const { parents, iopub, responder, queue } = this.#parts;
    const message = parents.get(number);
    iopub.flush();
    if (message) responder.setState("idle", message);
    if (number > 0) queue.finish();
    else responder.restoreBusy();
  }

  /** Publishes a message from the main thread. */
  publish(job: number, { messageType, id, target, data, metadata, buffers }: CommMessage): void {
    const { comms, parents, iopub } = this.#parts;
    comms.note(messageType, id, target);
    const content = data as Uint8Array; // JSON text on the way out
    iopub.publishEncoded(messageType, { content, buffers }, parents.get(job)?.header, metadata);
  }

  /** A widget's message to the cell that runs. */
  #deliverNow(message: Message, comm: CommMessage): void {
    const { parents, responder, comms, post } = this.#parts;
    this.#directJobs -= 1; // negative: outside the queue
    parents.set(this.#directJobs, message, false);
    responder.setState("busy", message);
    comms.note(comm.messageType, comm.id);
    post({ type: "comm", job: this.#directJobs, message: comm });
  }
}
