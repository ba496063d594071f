import { TimeoutError } from "./kernel-session.js";

const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** A signal for a piece of work. */
export interface LimitedSignal {
  readonly signal: AbortSignal;
  /** To be called when the work is done: takes the listener off the signal behind it, and stops the clock. */
  release(): void;
}

/** A signal that is aborted when `given` is, or by a TimeoutError that names `what` after `seconds`. */
export function limitTime(given: AbortSignal | undefined, seconds: number | undefined, what: string): LimitedSignal {
  const controller = new AbortController();
  const follow = () => controller.abort(given?.reason);
  const late = () => controller.abort(new TimeoutError(`${what} took longer than ${seconds} s`));
  if (given?.aborted) follow();
  else given?.addEventListener("abort", follow, { once: true });
  const timer =
    seconds === undefined ? undefined : setTimeout(late, Math.min(seconds * 1000, LONGEST_TIMER_MILLISECONDS)).unref();
  return {
    signal: controller.signal,
    release() {
      clearTimeout(timer);
      given?.removeEventListener("abort", follow);
    },
  };
}
