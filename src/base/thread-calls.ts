import type { TransferListItem } from "node:worker_threads";

/** Methods that one thread offers to another: each takes one argument. Values are copied as `postMessage` copies them. */
export type Methods = Record<string, (argument: never) => unknown>;

/** A result whose buffers move to the caller instead of being copied. */
export class Moved<T> {
  constructor(
    readonly value: T,
    readonly transfer: readonly TransferListItem[],
  ) {}
}

type Argument<F extends Methods[string]> = Parameters<F>[0];
type Result<F extends Methods[string]> = Awaited<ReturnType<F>> extends Moved<infer T> ? T : Awaited<ReturnType<F>>;

/** How errors cross: `toPlain` makes data that can be copied, `fromPlain` the error again on the other side. */
export interface ErrorCodec {
  toPlain(error: unknown): unknown;
  fromPlain(plain: never): Error;
}

/** Message, name of the cause in the system (`code`) and nothing else. */
export const PLAIN_ERRORS: ErrorCodec = {
  toPlain(error) {
    if (!(error instanceof Error)) return { message: String(error) };
    const { message, code } = error as NodeJS.ErrnoException;
    return { message, ...(code !== undefined && { code }) };
  },
  fromPlain: ({ message, ...fields }: { message: string; code?: string }) => Object.assign(new Error(message), fields),
};

/** What both ends of a channel between two threads have. */
export interface CallPort {
  postMessage(message: unknown, transfer?: readonly TransferListItem[]): void;
  on(event: "message", listener: (message: Message) => void): unknown;
}

type Message =
  | { readonly call: number; readonly method: string; readonly argument: unknown }
  | { readonly reply: number; readonly value: unknown }
  | { readonly reply: number; readonly error: unknown };

interface PendingCall {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** One end of a channel between two threads, each of which can call the other's methods and gets the result by promise. */
export class ThreadCalls<Remote extends Methods> {
  readonly #port: CallPort;
  readonly #own: Methods;
  readonly #errors: ErrorCodec;
  readonly #pending = new Map<number, PendingCall>();
  #lastCall = 0;
  #failure: Error | undefined;

  constructor(port: CallPort, own: Methods = {}, errors: ErrorCodec = PLAIN_ERRORS) {
    this.#port = port;
    this.#own = own;
    this.#errors = errors;
    port.on("message", (message) => this.#receive(message));
  }

  /** Calls that have no result yet. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Why the other end is no longer there. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Calls `method` of the other thread; `transfer` moves buffers of the argument. Rejects with its error, or `failure`. */
  call<M extends keyof Remote & string>(
    method: M,
    argument: Argument<Remote[M]>,
    transfer?: readonly TransferListItem[],
  ): Promise<Result<Remote[M]>> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#lastCall += 1;
      const call = this.#lastCall;
      this.#pending.set(call, { resolve, reject });
      try {
        this.#send({ call, method, argument }, transfer);
      } catch (error) {
        this.#pending.delete(call);
        throw error; // and so rejects: an argument that cannot be copied
      }
    });
  }

  /** Rejects calls that wait and all further ones. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  #send(message: Message, transfer?: readonly TransferListItem[]): void {
    this.#port.postMessage(message, transfer);
  }

  #receive(message: Message): void {
    if ("call" in message) {
      void this.#answer(message.call, message.method, message.argument);
      return;
    }
    const pending = this.#pending.get(message.reply);
    this.#pending.delete(message.reply);
    if ("error" in message)
      pending?.reject(this.#errors.fromPlain(message.error as never)); // by the other end's `toPlain`
    else pending?.resolve(message.value as never); // the type of its method's result
  }

  async #answer(reply: number, method: string, argument: unknown): Promise<void> {
    try {
      const own = this.#own[method];
      if (!own) throw new RangeError(`invalid call: this thread has no method ${method}`);
      const result = await own(argument as never); // the type that the caller's `Remote` gives it
      if (result instanceof Moved) this.#send({ reply, value: result.value }, result.transfer);
      else this.#send({ reply, value: result });
    } catch (error) {
      this.#send({ reply, error: this.#errors.toPlain(error) });
    }
  }
}
