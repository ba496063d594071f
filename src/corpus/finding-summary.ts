import type { Finding } from "../recording/finding.js";

/** All findings of one kind. */
export interface FindingSummary {
  readonly severity: Finding["severity"];
  readonly code: string;
  readonly count: number;
  /** Message of the first of them. */
  readonly message: string;
  /** What was done, or what to do. */
  readonly action: string;
  /** File and line of the first. */
  readonly first: string;
}

const ORDER: readonly Finding["severity"][] = ["error", "warning", "info"];

/** One row per kind of finding: errors first, then by number. */
export function summarizeFindings(findings: readonly Finding[]): FindingSummary[] {
  const kinds = new Map<string, { first: Finding; count: number }>();
  for (const finding of findings) {
    const key = `${finding.severity} ${finding.code}`;
    const kind = kinds.get(key);
    if (kind) kind.count += 1;
    else kinds.set(key, { first: finding, count: 1 });
  }
  return [...kinds.values()]
    .map(({ first: { file, line, severity, code, message, action }, count }) => ({
      ...{ severity, code, count, message, action },
      first: `${file}${line === undefined ? "" : `:${line}`}`,
    }))
    .sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || b.count - a.count);
}
