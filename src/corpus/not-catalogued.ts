/** Codes of files that are none of a catalogue's recordings, where somebody has to decide. */
export const NOT_CATALOGUED_CODES = ["repeated-identity", "mixed-releases", "compressed"] as const;

/** A file that looks like a recording and is none of the catalogue's. */
export interface NotCatalogued {
  readonly id: string;
  readonly reason: string;
  /** For scripts; absent where a rule or the layout decides. */
  readonly code?: (typeof NOT_CATALOGUED_CODES)[number];
}
