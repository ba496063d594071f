/** One thing found wrong or odd in a corpus or an annotation file. */
export interface Finding {
  readonly file: string;
  readonly line?: number;
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  readonly message: string;
  readonly action: string;
}
