import { Session } from "node:inspector";
import type { ToMain } from "../threads/messages.js";
import { NEEDS_PREPARATION, PREPARE_TERMINATION } from "../threads/termination.js";

/** How long the main thread may take to answer before it counts as busy. */
const GRACE_MILLISECONDS = 200;

/** Stops what the main thread runs, and keeps what it knows. */
export interface Interrupter {
  /** Resolves when the main thread answers again; further calls until then join the first. */
  interrupt(): Promise<void>;
  /** To be called when the main thread acknowledges. */
  acknowledge(number: number, phase: "interrupt" | "terminated"): void;
  /** Gives up the hold on the main thread, which otherwise could not end. */
  close(): void;
}

/**
 * Asks the main thread first, which can reject what awaits. When it does not answer it is inside synchronous code,
 * which V8 then terminates: loops, WASM, regular expressions, Atomics.wait; native calls when they return. A thread
 * that answers is never terminated, for that would hit whatever it runs next. Should it hit that all the
 * same, because the code ended by itself in that instant, the second message finds the thread again.
 */
export function createInterrupter(post: (message: ToMain) => void): Interrupter {
  const inspector = new Session();
  inspector.connectToMainThread();
  let number = 0;
  let active: Promise<void> | undefined;
  let onAcknowledged = () => {};
  let awaited: "interrupt" | "terminated" = "interrupt";

  /** Posts a message; resolves with whether it was acknowledged in time. */
  function ask(phase: "interrupt" | "terminated"): Promise<boolean> {
    awaited = phase;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), GRACE_MILLISECONDS);
      onAcknowledged = () => {
        clearTimeout(timer);
        resolve(true);
      };
      post({ type: phase, number });
    });
  }

  const terminate = () =>
    new Promise<void>((resolve) => {
      if (NEEDS_PREPARATION) inspector.post("Runtime.evaluate", { expression: PREPARE_TERMINATION, silent: true });
      inspector.post("Runtime.terminateExecution", () => resolve());
    });

  async function run(): Promise<void> {
    number += 1;
    if (await ask("interrupt")) return;
    for (;;) {
      await terminate();
      if ((await ask("terminated")) || (await ask("terminated"))) return;
    }
  }

  return {
    interrupt() {
      active ??= run().finally(() => {
        active = undefined;
      });
      return active;
    },
    acknowledge(acknowledged, phase) {
      if (acknowledged === number && phase === awaited) onAcknowledged();
    },
    close: () => inspector.disconnect(),
  };
}
