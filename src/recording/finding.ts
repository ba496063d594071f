/** A fault or oddity of a corpus file, with what to do about it. */
export interface Finding {
  readonly file: string;
  /** 1-based. */
  readonly line?: number;
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly action: string;
}
