import { isIctalError } from "@ictal/base/errors";

/** Thrown inside a build when one recording cannot be cached; the build goes on without it. */
export class LeaveOut extends Error {
  override readonly name = "LeaveOut";
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

/** Codes of faults that may be gone at the next try; no note is left in the cache for them. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "source-missing",
  "source-unreadable",
  "source-damaged",
  "worker-crashed",
  "unexpected-error",
]);

/** True when another try with the same source would end the same way. */
export function isLasting(code: string): boolean {
  return !PASSING_CODES.has(code);
}

/** True when bytes came that are not the store's, as a fault on the way makes them: a second try may bring the right ones. */
export function isDamagedSource(error: unknown): boolean {
  return error instanceof LeaveOut && error.code === "source-damaged";
}

/** True for faults of the way to the bytes, which say nothing of what the recording holds. */
export function isSourceFault(error: unknown): boolean {
  return error instanceof LeaveOut && PASSING_CODES.has(error.code);
}

/** A fault of a source or its format as LeaveOut; errors that are not about one recording are thrown again. */
export function asLeaveOut(error: unknown, unsupportedCode: string): LeaveOut {
  if (error instanceof LeaveOut) return error;
  if (isIctalError(error, "FormatError"))
    return new LeaveOut(error.place.field ?? "unreadable", error.message, { cause: error });
  if (isIctalError(error, "UnsupportedError")) return new LeaveOut(unsupportedCode, error.message, { cause: error });
  if (isIctalError(error, "NotFoundError")) return new LeaveOut("source-missing", error.message, { cause: error });
  if (isIctalError(error, "StoreError") && error.details.code === "BadDigest")
    return new LeaveOut("source-damaged", error.message, { cause: error });
  if (isIctalError(error, "StoreError")) return new LeaveOut("source-unreadable", error.message, { cause: error });
  throw error;
}
