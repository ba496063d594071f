import { isIctalError } from "@ictal/base/errors";
import { FATAL_CODES, isFatalCode } from "../recording/diagnostics.js";

/** Reasons that lie in the recording: another attempt ends the same way. */
const PERMANENT_CODES = [
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

/** Reasons that may not recur at the next attempt; nothing is noted in the cache for them. */
const TRANSIENT_CODES = [
  "source-missing",
  "source-unreadable",
  "source-damaged",
  "worker-crashed",
  "unexpected-error",
] as const;

/** Reasons that only the import of NPZ archives knows. */
type ImportCode = "damaged" | "no-windows" | "shape" | "stride";

/** Why a recording is not in a cache, for scripts. */
export type ExclusionCode = (typeof PERMANENT_CODES)[number] | (typeof TRANSIENT_CODES)[number] | ImportCode;

/** Codes for which a build may exclude a recording for good, and those for which it may not. */
export const EXCLUSION_CODES = { permanent: PERMANENT_CODES, transient: TRANSIENT_CODES } as const;

/** Thrown inside a build when one recording cannot be cached; the build continues without it. */
export class ExclusionError extends Error {
  override readonly name = "ExclusionError";
  constructor(
    /** Short code for scripts, e.g. "missing-electrodes". */
    readonly code: ExclusionCode,
    /** One sentence for people. */
    readonly reason: string,
    options?: { cause?: unknown },
  ) {
    super(reason, options);
  }
}

const TRANSIENT: ReadonlySet<string> = new Set(TRANSIENT_CODES);

/** True when another attempt with the same source would end the same way. */
export function isPermanent(code: string): boolean {
  return !TRANSIENT.has(code);
}

/** True when the bytes received are not the store's: damaged in transfer, they may be right at a second attempt. */
export function isDamagedSource(error: unknown): boolean {
  return error instanceof ExclusionError && error.code === "source-damaged";
}

/** True for errors of reading the source, which say nothing about the recording itself. */
export function isSourceFault(error: unknown): boolean {
  return error instanceof ExclusionError && TRANSIENT.has(error.code);
}

/** An error of a source or its format as ExclusionError; errors that do not concern one recording are rethrown. */
export function asExclusion(error: unknown, unsupportedCode: ExclusionCode): ExclusionError {
  if (error instanceof ExclusionError) return error;
  if (isIctalError(error, "FormatError")) {
    const { field } = error.place;
    return new ExclusionError(isFatalCode(field) ? field : "unreadable", error.message, { cause: error });
  }
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
