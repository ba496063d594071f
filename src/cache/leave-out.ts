import { isIctalError } from "@ictal/base/errors";
import { FATAL_CODES, isFatalCode } from "../recording/diagnostics.js";

/** Reasons that lie in the recording: another try ends the same way. */
const LASTING_CODES = [
  "discontinuous",
  "gap-too-long",
  "missing-electrodes",
  "mixed-sample-rates",
  "no-records",
  "no-signal",
  "not-finite",
  "record-overlap",
  "timestamps-missing",
  "too-short",
  "unknown-sample-rate",
  "unreadable",
  "unsupported",
  "unsupported-sample-rate",
  ...FATAL_CODES,
] as const;

/** Reasons that may be gone at the next try; no note is left in the cache for them. */
const PASSING_CODES = [
  "source-missing",
  "source-unreadable",
  "source-damaged",
  "worker-crashed",
  "unexpected-error",
] as const;

/** Reasons that only the import of NPZ archives knows. */
type ImportCode = "damaged" | "no-windows" | "shape" | "stride";

/** Why a recording is not in a cache, for scripts. */
export type LeaveOutCode = (typeof LASTING_CODES)[number] | (typeof PASSING_CODES)[number] | ImportCode;

/** Codes for which a build may leave out a recording once and for all, and those for which it may not. */
export const LEAVE_OUT_CODES = { lasting: LASTING_CODES, passing: PASSING_CODES } as const;

/** Thrown inside a build when one recording cannot be cached; the build goes on without it. */
export class LeaveOut extends Error {
  override readonly name = "LeaveOut";
  constructor(
    /** Short code for scripts, e.g. "missing-electrodes". */
    readonly code: LeaveOutCode,
    /** One sentence for people. */
    readonly reason: string,
    options?: { cause?: unknown },
  ) {
    super(reason, options);
  }
}

const PASSING: ReadonlySet<string> = new Set(PASSING_CODES);

/** True when another try with the same source would end the same way. */
export function isLasting(code: string): boolean {
  return !PASSING.has(code);
}

/** True when bytes came that are not the store's, as a fault on the way makes them: a second try may bring the right ones. */
export function isDamagedSource(error: unknown): boolean {
  return error instanceof LeaveOut && error.code === "source-damaged";
}

/** True for faults of the way to the bytes, which say nothing of what the recording holds. */
export function isSourceFault(error: unknown): boolean {
  return error instanceof LeaveOut && PASSING.has(error.code);
}

/** A fault of a source or its format as LeaveOut; errors that are not about one recording are thrown again. */
export function asLeaveOut(error: unknown, unsupportedCode: LeaveOutCode): LeaveOut {
  if (error instanceof LeaveOut) return error;
  if (isIctalError(error, "FormatError")) {
    const { field } = error.place;
    return new LeaveOut(isFatalCode(field) ? field : "unreadable", error.message, { cause: error });
  }
  if (isIctalError(error, "UnsupportedError")) return new LeaveOut(unsupportedCode, error.message, { cause: error });
  if (isIctalError(error, "NotFoundError")) return new LeaveOut("source-missing", error.message, { cause: error });
  if (isIctalError(error, "StoreError") && error.details.code === "BadDigest")
    return new LeaveOut("source-damaged", error.message, { cause: error });
  if (isIctalError(error, "StoreError")) return new LeaveOut("source-unreadable", error.message, { cause: error });
  throw error;
}
