import { createHash } from "node:crypto";
import { canonicalJson } from "@ictal/base/canonical";

/** Numbers of recordings, sessions and patients. */
export interface ListingCounts {
  readonly recordings: number;
  readonly sessions: number;
  readonly patients: number;
}

interface Tally {
  recordings: number;
  readonly sessions: Set<string>;
  readonly patients: Set<string>;
}

/** Counts recordings by split, and `all` for the whole, without keeping them. */
export function createListingCounter() {
  const tallies = new Map<string, Tally>();
  const tallyOf = (split: string): Tally => {
    const known = tallies.get(split);
    if (known) return known;
    const tally = { recordings: 0, sessions: new Set<string>(), patients: new Set<string>() };
    tallies.set(split, tally);
    return tally;
  };
  tallyOf("all");
  return {
    add({ split, patient, session }: { readonly split: string; readonly patient: string; readonly session: string }) {
      const id = `${patient}/${session}`;
      for (const name of new Set(["all", split])) {
        const tally = tallyOf(name);
        tally.recordings += 1;
        tally.sessions.add(id);
        tally.patients.add(patient);
      }
    },
    counts(): Record<string, ListingCounts> {
      const sorted = [...tallies].sort(([a], [b]) => (a < b ? -1 : 1));
      const countsOf = ({ recordings, sessions, patients }: Tally) => ({
        recordings,
        sessions: sessions.size,
        patients: patients.size,
      });
      return Object.fromEntries(sorted.map(([split, tally]) => [split, countsOf(tally)]));
    },
  };
}

/** A file's line of the fingerprint's input. */
export function fingerprintLine(path: string, size: number): string {
  return `${path}\t${size}\n`;
}

/**
 * Identity of a corpus by content: SHA-256 over its counts and over path and size of every recording and annotation
 * file, sorted by their bytes. Paths are relative to the corpus, so a copy in another folder or bucket has the same
 * fingerprint. `lines` gives those of `fingerprintLine`, in any order, the same ones at each call.
 */
export function corpusFingerprint(
  lines: () => Iterable<string>,
  counts: Readonly<Record<string, ListingCounts>>,
): string {
  const { bytes, ends } = packed(lines);
  const startOf = (line: number) => (line === 0 ? 0 : ends[line - 1]!);
  const order = Array.from(ends, (_, line) => line);
  order.sort((a, b) => bytes.compare(bytes, startOf(b), ends[b]!, startOf(a), ends[a]!));
  const hash = createHash("sha256").update(`${canonicalJson(counts)}\n`);
  for (const line of order) hash.update(bytes.subarray(startOf(line), ends[line]!));
  return hash.digest("hex");
}

/** Concatenated lines as UTF-8, and the end of each: hundreds of thousands of strings would need three times the memory. */
function packed(lines: () => Iterable<string>): { bytes: Buffer; ends: Uint32Array } {
  let length = 0;
  let count = 0;
  for (const line of lines()) {
    length += Buffer.byteLength(line);
    count += 1;
  }
  const bytes = Buffer.allocUnsafeSlow(length);
  const ends = new Uint32Array(count);
  let used = 0;
  let index = 0;
  for (const line of lines()) {
    used += bytes.write(line, used);
    ends[index++] = used;
  }
  return { bytes, ends };
}
