import { randomUUID } from "node:crypto";
import { UnsupportedError } from "@ictal/base/errors";
import { type CommEvent, type KernelHost, kernelHost } from "./host.js";

/** What a comm carries besides its data. */
export interface CommExtras {
  readonly metadata?: Record<string, unknown>;
  /** Raw bytes, sent as they are. */
  readonly buffers?: readonly (ArrayBuffer | ArrayBufferView)[];
}

/** A message that came from the front end. */
export interface CommReceived {
  readonly data: unknown;
  readonly metadata: Record<string, unknown>;
  readonly buffers: readonly Uint8Array[];
}

function host(): KernelHost {
  const found = kernelHost();
  if (found) return found;
  throw new UnsupportedError("a Comm needs the ictal kernel: run this in a notebook cell of that kernel");
}

const bytesOf = (buffer: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice()
    : new Uint8Array(buffer.slice(0));

/** Marks a comm that the front end opened: nothing is sent for it. */
const RECEIVED = Symbol("received");

/**
 * A two-way channel between a cell and the front end, as widgets use it. Creating one opens it under its target's name.
 * Throws UnsupportedError outside the ictal kernel.
 */
export class Comm {
  readonly id: string;
  readonly target: string;
  #messageListeners = new Set<(message: CommReceived) => void>();
  #closeListeners = new Set<(message: CommReceived) => void>();
  #isOpen = true;

  constructor(target: string, data: unknown = {}, extras: CommExtras & { id?: string; [RECEIVED]?: boolean } = {}) {
    this.id = extras.id ?? randomUUID();
    this.target = target;
    host().listenComm(this.id, (event) => this.#receive(event));
    if (!extras[RECEIVED]) this.#send("comm_open", data, extras);
  }

  /** False once either side has closed it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Sends JSON data and raw buffers to the front end; throws when the comm is closed. */
  send(data: unknown, extras: CommExtras = {}): void {
    if (!this.#isOpen) throw new RangeError(`comm ${this.target} (${this.id}) is closed`);
    this.#send("comm_msg", data, extras);
  }

  /** Closes it on both sides; again does nothing. */
  close(data: unknown = {}, extras: CommExtras = {}): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#send("comm_close", data, extras);
  }

  /** Calls `listener` for each message from the front end; returns the function that removes it. */
  onMessage(listener: (message: CommReceived) => void): () => void {
    this.#messageListeners.add(listener);
    return () => void this.#messageListeners.delete(listener);
  }

  /** Calls `listener` when the front end closes the comm; returns the function that removes it. */
  onClose(listener: (message: CommReceived) => void): () => void {
    this.#closeListeners.add(listener);
    return () => void this.#closeListeners.delete(listener);
  }

  /** Calls `accept` with each comm that a front end opens under `target`; returns the function that stops it. */
  static onOpen(target: string, accept: (comm: Comm, message: CommReceived) => void): () => void {
    host().acceptComms(target, (event) => accept(new Comm(target, {}, { id: event.id, [RECEIVED]: true }), event));
    return () => host().acceptComms(target, undefined);
  }

  #send(type: CommEvent["type"], data: unknown, { metadata = {}, buffers = [] }: CommExtras): void {
    host().sendComm({ type, id: this.id, target: this.target, data, metadata, buffers: buffers.map(bytesOf) });
  }

  #receive(event: CommEvent): void {
    const isClose = event.type === "comm_close";
    if (isClose) this.#isOpen = false;
    for (const listener of [...(isClose ? this.#closeListeners : this.#messageListeners)]) listener(event);
  }
}
