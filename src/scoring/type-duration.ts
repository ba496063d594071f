/** Sensitivity of each seizure type against the seizures' duration. */
import { quantileOf } from "../base/quantile.js";
import { detectedSeizures, type GroupScore, lengthGroups, type TypedPair } from "./breakdown.js";

/** Seizures (any overlap) by type and duration. */
export interface DurationScores {
  /** Names of the groups of duration, shortest first. */
  readonly groups: readonly string[];
  /** Of each type by name, a score for each group. */
  readonly types: readonly { readonly type: string; readonly scores: readonly GroupScore[] }[];
  /** Median duration in seconds; NaN without seizures. */
  readonly medianSeconds: number;
  /** Seizures shorter than the median. */
  readonly shorter: GroupScore;
  /** The others. */
  readonly longer: GroupScore;
}

interface Found {
  readonly type: string;
  readonly seconds: number;
  readonly detected: boolean;
}

function scoreOf(found: readonly Found[]): GroupScore {
  const hits = found.filter(({ detected }) => detected).length;
  return { seizures: found.length, detected: hits, sensitivity: hits / found.length };
}

/** Score the seizures of each type by duration, in the groups of `scoreBreakdown`. */
export function scoreByDuration(pairs: readonly TypedPair[]): DurationScores {
  const all = pairs.flatMap((pair) =>
    detectedSeizures(pair).map(({ seizure: { label, startSeconds, endSeconds }, detected }) => ({
      ...{ type: label, seconds: endSeconds - startSeconds, detected },
    })),
  );
  const groups = lengthGroups();
  const types = [...new Set(all.map(({ type }) => type))].sort();
  const lengths = all.map(({ seconds }) => seconds);
  const medianSeconds = quantileOf(lengths, 0.5);
  return {
    groups: groups.map(({ name }) => name),
    types: types.map((type) => ({
      type,
      scores: groups.map(({ fromSeconds, toSeconds }) =>
        scoreOf(all.filter((each) => each.type === type && each.seconds >= fromSeconds && each.seconds < toSeconds)),
      ),
    })),
    medianSeconds,
    shorter: scoreOf(all.filter(({ seconds }) => seconds < medianSeconds)),
    longer: scoreOf(all.filter(({ seconds }) => seconds >= medianSeconds)),
  };
}
