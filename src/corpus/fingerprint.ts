import { canonicalJson, sha256 } from "../base/canonical.js";

/** Numbers of recordings, sessions and patients. */
export interface ListingCounts {
  readonly recordings: number;
  readonly sessions: number;
  readonly patients: number;
}

/** Counts by split, and `all` for the whole. */
export function countListing(
  recordings: readonly { readonly split: string; readonly patient: string; readonly session: string }[],
): Record<string, ListingCounts> {
  const groups = new Map<string, (typeof recordings)[number][]>([["all", [...recordings]]]);
  for (const recording of recordings) {
    if (recording.split === "all") continue;
    const group = groups.get(recording.split);
    if (group) group.push(recording);
    else groups.set(recording.split, [recording]);
  }
  const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([split, group]) => [
      split,
      {
        recordings: group.length,
        sessions: new Set(group.map(({ patient, session }) => `${patient}/${session}`)).size,
        patients: new Set(group.map(({ patient }) => patient)).size,
      },
    ]),
  );
}

/**
 * Identity of a corpus by content: SHA-256 over its counts and over path and size of every recording and annotation
 * file, sorted. Paths are relative to the corpus, so a copy in another folder or bucket has the same fingerprint.
 */
export function corpusFingerprint(
  files: readonly { readonly path: string; readonly size: number }[],
  counts: Readonly<Record<string, ListingCounts>>,
): string {
  const lines = files.map(({ path, size }) => `${path}\t${size}`).sort();
  return sha256(`${canonicalJson(counts)}\n${lines.join("\n")}\n`);
}
