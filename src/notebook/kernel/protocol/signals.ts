interface SignalWrap {
  onsignal: (number: number) => void;
  start(number: number): number;
  unref(): void;
}

type SignalName = "SIGINT" | "SIGTERM";

const NUMBERS: Readonly<Record<SignalName, number>> = { SIGINT: 2, SIGTERM: 15 };

/**
 * Listens to a signal on this thread. Node offers that to the main thread only, whose listener must wait while a cell
 * computes; the class beneath works on every thread. Returns false where Node does not let us have it.
 */
export function listenToSignal(name: SignalName, listener: () => void): boolean {
  const { noDeprecation } = process;
  process.noDeprecation = true; // binding() is deprecated for applications, and this needs no replacement there
  try {
    const host = process as unknown as { binding(name: string): { Signal: new () => SignalWrap } }; // not in Node's types
    const signal = new (host.binding("signal_wrap").Signal)();
    signal.onsignal = listener;
    signal.unref();
    return signal.start(NUMBERS[name]) === 0;
  } catch {
    return false;
  } finally {
    process.noDeprecation = noDeprecation;
  }
}
