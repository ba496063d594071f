/** SIGINT and SIGTERM as an abort of `signal`; a second one ends this process at once, unless it is the
 * same order from another sender (a scheduler signals every process of a job). */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** 143 after SIGTERM, else 130. */
  exitCode(): number;
  /** Gives the signals back. */
  release(): void;
}

/** Signals within this time of the first are one order. */
const ONE_ORDER_MILLISECONDS = 1000;

/** Listens for SIGINT and SIGTERM; `message` is what the user reads about what is saved. */
export function listenForInterrupt(message: string): Interrupt {
  const controller = new AbortController();
  let code = 130;
  let first = 0;
  const stop = (name: NodeJS.Signals) => {
    code = name === "SIGTERM" ? 143 : 130;
    if (controller.signal.aborted && performance.now() - first < ONE_ORDER_MILLISECONDS) return;
    if (controller.signal.aborted) process.exit(code);
    first = performance.now();
    controller.abort(new DOMException(`interrupted by ${name}; ${message}`, "AbortError"));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return {
    signal: controller.signal,
    exitCode: () => code,
    release: () => void process.off("SIGINT", stop).off("SIGTERM", stop),
  };
}

/**
 * Run `work` with a signal that SIGINT and SIGTERM abort; a second one ends the process at once with 130 or 143. The
 * work ends in order and throws the signal's reason, which `action` turns into exit code 130.
 */
export async function withInterrupt<T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupt = listenForInterrupt(message);
  try {
    return await work(interrupt.signal);
  } finally {
    interrupt.release();
  }
}
