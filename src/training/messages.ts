import { ictalErrorFrom, isIctalError } from "@ictal/base/errors";
import type { TrainOptions } from "./options.js";
import type { RecordingPrediction } from "./predict.js";
import type { TrainMetrics, TrainReport, ValidationResult } from "./run.js";
import type { RunOverview } from "./run-overview.js";

/** Messages from the parent to the training process. */
export type ToChild =
  | { readonly type: "start"; readonly options: TrainOptions; readonly isValidated: boolean }
  | { readonly type: "stop" }
  | { readonly type: "validated"; readonly request: number; readonly metrics: Readonly<Record<string, number>> }
  | { readonly type: "not-validated"; readonly request: number; readonly error: StoredError };

/** Messages from the training process to the parent. */
export type FromChild =
  | {
      readonly type: "started";
      readonly executor: string;
      readonly choice: string;
      readonly overview: RunOverview;
    }
  | { readonly type: "metrics"; readonly metrics: TrainMetrics }
  | { readonly type: "validate"; readonly request: number; readonly predictions: readonly RecordingPrediction[] }
  | { readonly type: "validation"; readonly result: ValidationResult }
  | { readonly type: "warning"; readonly text: string }
  | { readonly type: "checkpoint"; readonly path: string; readonly step: number }
  | { readonly type: "done"; readonly report: TrainReport }
  | { readonly type: "failed"; readonly error: StoredError };

/** A serialized error, to be sent between processes. */
export interface StoredError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Tag of one of our own errors. */
  readonly tag: string | undefined;
  /** What else such an error carries, as JSON. */
  readonly properties: string;
}

/** An error as plain data. */
export function storeError(error: unknown): StoredError {
  if (!(error instanceof Error))
    return { name: "Error", message: String(error), stack: undefined, tag: undefined, properties: "{}" };
  const { name, message, stack } = error;
  const isOurs = isIctalError(error);
  return {
    name,
    message,
    stack,
    tag: isOurs ? error.tag : undefined,
    properties: isOurs ? JSON.stringify(error) : "{}",
  };
}

/** The error again: one of ours of its class, else an Error of the same name; the stack is that of the process it comes from. */
export function restoreError({ name, message, stack, tag, properties }: StoredError): Error {
  const ours = tag === undefined ? undefined : ictalErrorFrom(tag, message, JSON.parse(properties) as object);
  return Object.assign(ours ?? new Error(message), { name, stack: stack ?? message });
}
