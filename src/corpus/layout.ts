/** Names of the folder layouts of a corpus. */
export type LayoutName = "tusz-v2" | "tusz-v1.5" | "bids" | "chb-mit" | "siena" | "seizeit1" | "flat";

/** The fields of a recording that its path gives. */
export interface Placement {
  readonly split: string;
  readonly patient: string;
  readonly session: string;
  readonly montage: string;
  readonly token: string;
  /** The recording's path inside the corpus, the same whichever folder of it was listed. */
  readonly path: string;
}

/** A layout of folders and file names. */
export interface Layout {
  readonly name: LayoutName;
  /** The path of a recording with placeholders, for messages. */
  readonly expected: string;
  /**
   * Parses the path of one recording; a string is the reason why it does not fit. `path` is the store's address and key, so that the
   * folders above the listed one are used too; `key` is the part inside the listing.
   */
  place(path: string, key: string): Placement | string;
  /** True for a file of the layout that holds no EEG, such as the ECG of BIDS: it says nothing against the layout. */
  isOther?(path: string): boolean;
}
