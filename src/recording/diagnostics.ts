import { ownValue } from "@ictal/base/records";

/** fatal: the bytes cannot be interpreted; error: data are lost or unusable; warning: the data may be wrong; info: a note. */
export type Severity = "fatal" | "error" | "warning" | "info";

/** A named issue of the bytes of a recording. Messages never hold text of the patient or recording fields. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly byteOffset?: number;
}

const SEVERITIES = {
  "empty-file": "fatal",
  "not-edf": "fatal",
  "too-small": "fatal",
  "bad-signal-count": "fatal",
  "header-cut": "fatal",
  "bad-samples-per-record": "fatal",
  "header-size-mismatch": "warning",
  "header-nul-padding": "info",
  "non-ascii": "warning",
  "reserved-unknown": "info",
  "container-mismatch": "warning",
  "plus-without-annotations": "warning",
  "annotations-without-plus": "info",
  "start-date-separator": "warning",
  "start-date-invalid": "warning",
  "start-date-conflict": "info",
  "start-time-invalid": "warning",
  "fractional-start": "info",
  "record-count-unknown": "warning",
  "record-count-invalid": "warning",
  "record-count-surplus": "warning",
  truncated: "error",
  "no-records": "error",
  "partial-last-record": "warning",
  "trailing-bytes": "warning",
  "zero-duration": "error",
  "record-duration-invalid": "error",
  "comma-decimal": "warning",
  "range-unreadable": "error",
  "flat-physical-range": "error",
  "flat-digital-range": "error",
  "inverted-digital-range": "warning",
  "negative-gain": "info",
  "digital-range-fraction": "warning",
  "digital-range-too-wide": "warning",
  "unit-unknown": "warning",
  "blank-label": "info",
  "duplicate-label": "warning",
  "duplicate-electrode": "warning",
  "mixed-electrode-rates": "warning",
  "empty-signal": "warning",
  "tal-malformed": "warning",
  "tal-not-utf8": "info",
  "timekeeping-missing": "warning",
  discontinuity: "error",
  gap: "info",
  "record-overlap": "error",
  "annotation-outside": "warning",
  "annotation-past-end": "info",
} as const satisfies Record<string, Severity>;

export type DiagnosticCode = keyof typeof SEVERITIES;

/** Codes of faults that leave nothing to read. */
export type FatalCode = {
  [Code in DiagnosticCode]: (typeof SEVERITIES)[Code] extends "fatal" ? Code : never;
}[DiagnosticCode];

export function isFatalCode(code: string | undefined): code is FatalCode {
  return code !== undefined && ownValue(SEVERITIES, code) === "fatal";
}

/** All of them. */
export const FATAL_CODES: readonly FatalCode[] = Object.keys(SEVERITIES).filter(isFatalCode);

/** A diagnostic with the severity its code always has. */
export function diagnostic(code: DiagnosticCode, message: string, byteOffset?: number): Diagnostic {
  const found = { code, severity: SEVERITIES[code], message };
  return byteOffset === undefined ? found : { ...found, byteOffset };
}
