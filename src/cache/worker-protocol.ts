/** Calls between a build and its worker threads. Bytes travel by transfer or lie in shared memory; none is copied. */

import { CacheError } from "@ictal/base/errors";
import type { SharedBytes } from "../base/shared-bytes.js";
import type { ErrorCodec, Moved } from "../base/thread-calls.js";
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

/** What the build calls in a worker thread. */
export type WorkerMethods = {
  /** Builds one recording; `job` is its number in the pool. */
  build(argument: { readonly job: number; readonly recording: RecordingJob }): Promise<Sidecar>;
  /** Stops all jobs of the thread between two blocks. */
  abort(argument: undefined): void;
};

/** What a worker thread calls in the main thread while it works on job `job`. */
export type MainMethods = {
  read(argument: { readonly job: number; readonly start: number; readonly end: number }): Promise<Moved<Uint8Array>>;
  /** Fills `out`; the result is the number of bytes. */
  fill(argument: { readonly job: number; readonly start: number; readonly out: SharedBytes }): Promise<number>;
  labels(argument: { readonly job: number; readonly durationSeconds: number }): Promise<RecordingLabels>;
};

/** An error as data that can be sent to another thread. */
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

/** Errors of a build between its threads. */
export const BUILD_ERRORS: ErrorCodec = { toPlain, fromPlain };
