/** What a finding concerns. */
export type Concern = "labels" | "extent" | "text" | "recording" | "corpus";

/**
 * Every code, and what it concerns: "labels" which seizures a recording has, "extent" when a seizure begins and ends,
 * "text" how a file is written, "recording" its samples, "corpus" its files. An error about labels or extent makes the labels
 * of the recording unknown: no second of it is background.
 */
const CONCERNS = {
  "annotation-without-recording": "corpus",
  "bname-differs": "labels",
  "blanks-around-fields": "text",
  "byte-order-mark": "text",
  "carriage-returns": "text",
  "channel-not-term": "labels",
  "columns-by-name": "text",
  "compressed-annotation": "corpus",
  "confidence-unreadable": "text",
  "contradictory-rows": "labels",
  "duplicate-content": "corpus",
  "duplicate-row": "text",
  "duplicate-stem": "corpus",
  "duration-differs": "labels",
  "duration-missing": "labels",
  "duration-repeated": "labels",
  "duration-unknown": "labels",
  "duration-unreadable": "labels",
  "durations-differ": "labels",
  "event-type-broadened": "text",
  "label-case": "text",
  "label-not-binary": "labels",
  "labels-incomplete": "labels",
  "mixed-releases": "corpus",
  "negative-time": "labels",
  "no-annotation": "labels",
  "no-annotation-files": "corpus",
  "no-binary-annotation": "labels",
  "no-final-newline": "text",
  "not-annotations": "labels",
  overlap: "text",
  "past-the-end": "labels",
  participants: "corpus",
  "patient-overlap": "corpus",
  "quoted-fields": "text",
  "recording-fault": "recording",
  "recording-gaps": "recording",
  "recording-unreadable": "recording",
  "repeated-identity": "corpus",
  reversed: "labels",
  "row-width": "labels",
  "seizures-differ": "labels",
  "seizures-in-one-file-only": "labels",
  "spelling-corrected": "text",
  "start-differs": "text",
  "starts-past-the-end": "labels",
  "time-not-a-number": "labels",
  "unions-differ": "labels",
  "unknown-label": "labels",
  unreadable: "labels",
  unsorted: "text",
  "version-missing": "text",
  "zero-length": "extent",
} as const satisfies Record<string, Concern>;

export type FindingCode = keyof typeof CONCERNS;

/** All codes, sorted. */
export const FINDING_CODES = Object.keys(CONCERNS) as readonly FindingCode[]; // the keys are listed above

/** An issue of a corpus file, with what to do about it. */
export interface Finding {
  readonly file: string;
  /** 1-based. */
  readonly line?: number;
  readonly code: FindingCode;
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly action: string;
}

/** Whether a finding concerns the presence or the extent of seizures. */
export function concernsLabels({ code }: Pick<Finding, "code">): boolean {
  return CONCERNS[code] === "labels" || CONCERNS[code] === "extent";
}

/** Whether a finding can hide or invent a seizure, so that the labels of its recording are unknown. */
export function invalidatesLabels(finding: Pick<Finding, "code" | "severity">): boolean {
  return finding.severity === "error" && concernsLabels(finding);
}

/** Whether a finding makes the presence of seizures uncertain, and not only the extent of one. */
export function invalidatesSeizures({ code, severity }: Pick<Finding, "code" | "severity">): boolean {
  return severity === "error" && CONCERNS[code] === "labels";
}

/** `file:line`, or the file alone. */
export function locationOfFinding({ file, line }: Pick<Finding, "file" | "line">): string {
  return line === undefined ? file : `${file}:${line}`;
}
