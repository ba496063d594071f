import type { Interval } from "../../base/events.js";
import type { Random } from "../../base/random.js";
import { createDraws } from "./draws.js";
import { type Realism, raterJitterSeconds, raterMissChance } from "./realism.js";

/** A seizure as it is in the signal. */
export interface TrueSeizure extends Interval {
  readonly snrDb: number;
  /** Seconds from the onset until half of the amplitude is reached: how late an eye sees it. */
  readonly hiddenSeconds: number;
}

/** Shortest seizure that a rater marks. */
const SHORTEST_SECONDS = 2;
/** Least gap between two marks of one rater. */
const GAP_SECONDS = 1;

/**
 * What one rater marks: every seizure with its ends moved (the onset towards the moment when it can be seen), weak seizures
 * missed now and then. Ends at the recording's first or last sample stay there: the rater sees that the seizure goes on. In
 * order and disjoint; `index` is the place in `seizures`.
 */
export function rate(
  seizures: readonly TrueSeizure[],
  durationSeconds: number,
  realism: Realism,
  random: Random,
): (Interval & { readonly index: number })[] {
  const draws = createDraws(random);
  const jitter = raterJitterSeconds(realism);
  const marks: (Interval & { readonly index: number })[] = [];
  seizures.forEach((seizure, index) => {
    const { startSeconds, endSeconds, snrDb, hiddenSeconds } = seizure;
    const late = draws.between(0, 0.8) * hiddenSeconds;
    const onset = startSeconds + late + jitter * draws.normal();
    const offset = endSeconds + 1.5 * jitter * draws.normal();
    const isMissed = draws.chance(raterMissChance(realism) * 2 ** (-snrDb / 6));
    if (isMissed) return;
    const earliest = (marks.at(-1)?.endSeconds ?? -GAP_SECONDS) + GAP_SECONDS;
    const from = startSeconds === 0 ? 0 : Math.max(earliest, onset);
    const to = endSeconds === durationSeconds ? durationSeconds : Math.min(durationSeconds, offset);
    const kept = to - from >= SHORTEST_SECONDS ? { from, to } : { from: startSeconds, to: endSeconds };
    if (kept.from < earliest && kept.from > 0) return;
    marks.push({ index, startSeconds: fourDecimals(kept.from), endSeconds: fourDecimals(kept.to) });
  });
  return marks;
}

function fourDecimals(seconds: number): number {
  return Math.round(seconds * 10_000) / 10_000;
}
