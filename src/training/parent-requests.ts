import { onAbort } from "@ictal/base/on-abort";
import { type FromChild, restoreError, type ToChild } from "./messages.js";
import type { Validate } from "./run.js";

type Metrics = Readonly<Record<string, number>>;

/** Validations that the training process requests from its parent, which has the labels and the scorer. */
export interface ParentRequests {
  readonly validate: Validate;
  /** Receives the parent's answer. */
  answer(message: Extract<ToChild, { request: number }>): void;
}

/** `send` sends to the parent. An abort of `signal` rejects open requests; no listener stays on the signal afterwards. */
export function createParentRequests(signal: AbortSignal, send: (message: FromChild) => void): ParentRequests {
  const waiting = new Map<number, { resolve(metrics: Metrics): void; reject(error: Error): void }>();
  return {
    validate: async (predictions) => {
      const request = waiting.size === 0 ? 1 : Math.max(...waiting.keys()) + 1;
      let remove = () => {};
      try {
        return await new Promise<Metrics>((resolve, reject) => {
          waiting.set(request, { resolve, reject });
          remove = onAbort(signal, () => reject(signal.reason as Error));
          send({ type: "validate", request, predictions });
        });
      } finally {
        remove();
        waiting.delete(request);
      }
    },
    answer(message) {
      const asked = waiting.get(message.request);
      waiting.delete(message.request);
      if (message.type === "validated") asked?.resolve(message.metrics);
      else asked?.reject(restoreError(message.error));
    },
  };
}
