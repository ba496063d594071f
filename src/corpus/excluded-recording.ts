/** Codes of files that are excluded from a catalogue until the user decides. */
export const EXCLUDED_CODES = ["repeated-identity", "mixed-releases", "compressed"] as const;

/** A file that looks like a recording and is not in the catalogue. */
export interface ExcludedRecording {
  readonly id: string;
  readonly reason: string;
  /** For scripts; absent where a rule or the layout decides. */
  readonly code?: (typeof EXCLUDED_CODES)[number];
}
