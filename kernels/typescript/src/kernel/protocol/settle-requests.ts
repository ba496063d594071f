import type { Message } from "../../wire/message.js";
import type { Leftovers, ToMain } from "../threads/messages.js";

const LONGEST_GRACE_MILLISECONDS = 60_000;

/** Requests that wait until what cells have left behind has ended. */
export class SettleRequests {
  readonly #post: (message: ToMain) => void;
  readonly #waiting = new Map<number, (leftovers: Leftovers) => void>();
  #count = 0;

  constructor(post: (message: ToMain) => void) {
    this.#post = post;
  }

  /** Asks the main thread, and resolves with what it reports. */
  ask(request: Message): Promise<Leftovers> {
    this.#count += 1;
    const number = this.#count;
    const grace = request.content.grace_milliseconds;
    const graceMilliseconds = typeof grace === "number" ? Math.min(Math.max(grace, 0), LONGEST_GRACE_MILLISECONDS) : 0;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#post({ type: "settle", number, graceMilliseconds });
    });
  }

  /** Takes the main thread's report. */
  resolve(number: number, leftovers: Leftovers): void {
    this.#waiting.get(number)?.(leftovers);
    this.#waiting.delete(number);
  }
}
