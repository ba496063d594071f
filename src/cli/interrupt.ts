/**
 * Run `work` with a signal that SIGINT and SIGTERM abort; a second one ends the process at once with 130 or 143. The
 * work ends in order and throws the signal's reason, which `action` turns into exit code 130.
 */
export async function withInterrupt<T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(name === "SIGTERM" ? 143 : 130);
    controller.abort(new DOMException(`interrupted by ${name}; ${message}`, "AbortError"));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
