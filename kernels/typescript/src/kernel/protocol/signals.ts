import { createRequire } from "node:module";

interface SignalWrap {
  onsignal: (number: number) => void;
  start(number: number): number;
  unref(): void;
}

/** What Node's own tests get at Node's insides by. */
interface Internals {
  internalBinding(name: "signal_wrap"): { Signal: new () => SignalWrap };
}

type SignalName = "SIGINT" | "SIGTERM";

const NUMBERS: Readonly<Record<SignalName, number>> = { SIGINT: 2, SIGTERM: 15 };

/** Flags of Node for the thread that calls `listenToSignal`, and for no other. */
export const SIGNAL_FLAGS: readonly string[] = ["--expose-internals", "--disable-warning=internal/test/binding"];

/**
 * Listens to a signal on this thread. Node offers that to the main thread only, whose listener must wait while a cell
 * computes; the class beneath works on every thread. Returns false where Node does not let us have it.
 */
export function listenToSignal(name: SignalName, listener: () => void): boolean {
  try {
    const internals = createRequire(import.meta.url)("internal/test/binding") as Internals; // see the flags
    const signal = new (internals.internalBinding("signal_wrap").Signal)();
    signal.onsignal = listener;
    signal.unref();
    return signal.start(NUMBERS[name]) === 0;
  } catch {
    return false;
  }
}
