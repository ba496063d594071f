import { describeError, exitCodeOf, type Outcome } from "@ictal/base/action";
import { type RunWatch, watchRun } from "../cluster/watch/run-watch.js";

/**
 * Wraps the handler of a long-running command: it writes a heartbeat where the handler begins one, and the webhook is called at
 * its end. Neither changes the outcome.
 */
export function watched<A extends unknown[]>(
  verb: string,
  handler: (watch: RunWatch, ...args: A) => Promise<Outcome>,
): (...args: A) => Promise<Outcome> {
  return async (...args) => {
    const watch = watchRun(verb);
    try {
      const outcome = await handler(watch, ...args);
      const { exitCode = 0, text, json, message = text?.split("\n")[0] } = outcome;
      await watch.end({ exitCode, ...(message !== undefined && { message }), result: json });
      return outcome;
    } catch (error) {
      await watch.end({ exitCode: exitCodeOf(error), message: describeError(error) });
      throw error;
    }
  };
}
