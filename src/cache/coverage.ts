import type { Manifest } from "./manifest.js";

/** Recordings of one split in a cache and beside it. */
export interface SplitCoverage {
  readonly split: string;
  readonly labelled: number;
  readonly unlabelled: number;
  readonly leftOut: number;
}

/** How much of each split a manifest covers, splits ascending; left-out recordings count by the split in their id. */
export function coverageOf({ recordings, leftOut }: Pick<Manifest, "recordings" | "leftOut">): SplitCoverage[] {
  const lost = leftOut.map(({ id }) => id.split("/")[0]!);
  const splits = [...new Set([...recordings.map(({ split }) => split), ...lost])].sort();
  return splits.map((split) => {
    const own = recordings.filter((recording) => recording.split === split);
    const labelled = own.filter((recording) => recording.labelled).length;
    return {
      split,
      labelled,
      unlabelled: own.length - labelled,
      leftOut: lost.filter((name) => name === split).length,
    };
  });
}
