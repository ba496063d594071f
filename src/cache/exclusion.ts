import { isIctalError } from "@ictal/base/errors";

/** Thrown inside a build when one recording cannot be cached; the build continues without it. */
export class ExclusionError extends Error {
  override readonly name = "ExclusionError";
  constructor(
    /** Short code for scripts, e.g. "missing-electrodes". */
    readonly code: string,
    /** One sentence for people. */
    readonly reason: string,
    options?: { cause?: unknown },
  ) {
    super(reason, options);
  }
}

/** Codes of errors that may not recur at the next attempt; nothing is noted in the cache for them. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  "source-missing",
  "source-unreadable",
  "source-damaged",
  "worker-crashed",
  "unexpected-error",
]);

/** True when another attempt with the same source would end the same way. */
export function isPermanent(code: string): boolean {
  return !TRANSIENT_CODES.has(code);
}

/** True when the bytes received are not the store's: damaged in transfer, they may be right at a second attempt. */
export function isDamagedSource(error: unknown): boolean {
  return error instanceof ExclusionError && error.code === "source-damaged";
}

/** True for errors of reading the source, which say nothing about the recording itself. */
export function isSourceFault(error: unknown): boolean {
  return error instanceof ExclusionError && TRANSIENT_CODES.has(error.code);
}

/** An error of a source or its format as ExclusionError; errors that do not concern one recording are rethrown. */
export function asExclusion(error: unknown, unsupportedCode: string): ExclusionError {
  if (error instanceof ExclusionError) return error;
  if (isIctalError(error, "FormatError"))
    return new ExclusionError(error.place.field ?? "unreadable", error.message, { cause: error });
  if (isIctalError(error, "UnsupportedError"))
    return new ExclusionError(unsupportedCode, error.message, { cause: error });
  if (isIctalError(error, "NotFoundError"))
    return new ExclusionError("source-missing", error.message, { cause: error });
  if (isIctalError(error, "StoreError") && error.details.code === "BadDigest")
    return new ExclusionError("source-damaged", error.message, { cause: error });
  if (isIctalError(error, "StoreError"))
    return new ExclusionError("source-unreadable", error.message, { cause: error });
  throw error;
}
