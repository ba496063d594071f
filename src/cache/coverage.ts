import type { Manifest } from "./manifest.js";

/** Recordings of one split: in the cache, and excluded from it. */
export interface SplitCoverage {
  readonly split: string;
  readonly labelled: number;
  readonly unlabelled: number;
  readonly excluded: number;
}

/** How much of each split a manifest covers, splits ascending; excluded recordings count by the split in their id. */
export function coverageOf({ recordings, leftOut }: Pick<Manifest, "recordings" | "leftOut">): SplitCoverage[] {
  const excluded = leftOut.map(({ id }) => id.replace(/\/.*/s, ""));
  const splits = [...new Set([...recordings.map(({ split }) => split), ...excluded])].sort();
  return splits.map((split) => {
    const own = recordings.filter((recording) => recording.split === split);
    const labelled = own.filter((recording) => recording.labelled).length;
    return {
      split,
      labelled,
      unlabelled: own.length - labelled,
      excluded: excluded.filter((name) => name === split).length,
    };
  });
}
