/** Messages between a build and its worker threads. Bytes travel by transfer or lie in shared memory; none is copied. */

import { CacheError } from "@ictal/base/errors";
import type { SharedBytes } from "../base/shared-bytes.js";
import type { RecordingLabels } from "../corpus/labels.js";
import type { RecordingJob } from "./build-recording.js";
import { type ExclusionCode, ExclusionError } from "./exclusion.js";
import { machineStop } from "./machine-stop.js";
import type { Sidecar } from "./sidecar.js";

/** An error as plain data. */
export type PlainError =
  | { readonly kind: "excluded"; readonly code: ExclusionCode; readonly reason: string }
  | { readonly kind: "storage"; readonly message: string; readonly found: unknown; readonly expected: unknown }
  | { readonly kind: "aborted" }
  | { readonly kind: "other"; readonly message: string };

/** What a worker asks the main thread for while it works on job `job`. */
export type Request =
  | { readonly method: "read"; readonly start: number; readonly end: number }
  /** Fill `out`; the answer is the number of bytes. */
  | { readonly method: "fill"; readonly start: number; readonly out: SharedBytes }
  | { readonly method: "labels"; readonly durationSeconds: number };

/** What a request is answered with. */
export type Answered = Uint8Array | number | RecordingLabels;

export type Answer<T> = { readonly ok: T } | { readonly error: PlainError };

export type ToWorker =
  | { readonly type: "job"; readonly job: number; readonly work: RecordingJob }
  | { readonly type: "answer"; readonly request: number; readonly answer: Answer<Answered> }
  | { readonly type: "abort" };

export type FromWorker =
  | { readonly type: "request"; readonly job: number; readonly request: number; readonly ask: Request }
  | { readonly type: "done"; readonly job: number; readonly answer: Answer<Sidecar> };

/** An error as data that can be sent between threads. */
export function toPlain(fault: unknown): PlainError {
  const error = fault instanceof CacheError ? fault : (machineStop(fault) ?? fault);
  if (error instanceof ExclusionError) return { kind: "excluded", code: error.code, reason: error.reason };
  if (error instanceof CacheError)
    return { kind: "storage", message: error.message, found: error.details.found, expected: error.details.expected };
  if (error instanceof Error && error.name === "AbortError") return { kind: "aborted" };
  return { kind: "other", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** The error that data stand for. */
export function fromPlain(plain: PlainError): Error {
  if (plain.kind === "excluded") return new ExclusionError(plain.code, plain.reason);
  if (plain.kind === "storage") return new CacheError(plain.message, { found: plain.found, expected: plain.expected });
  if (plain.kind === "aborted") return new DOMException("the build was stopped", "AbortError");
  return new ExclusionError("unexpected-error", plain.message);
}
