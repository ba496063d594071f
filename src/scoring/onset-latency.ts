import { quantileOf } from "../base/quantile.js";
import { checkedEvents } from "./event-list.js";
import type { ScoredPair } from "./score.js";

/** A pair that knows where its recorded stretches begin, which after a gap is not the start of the file. */
export interface StartedPair extends ScoredPair {
  /** Starts of the recorded stretches in seconds, ascending. @default [0] */
  readonly stretchStartsSeconds?: readonly number[];
}

export interface LatencyOptions {
  /** What an alarm waits for beyond the start of its detection (`lookAheadFromConfig(config).waitSeconds`). @default null, unknown */
  readonly lookAheadSeconds?: number | null | undefined;
}

/** Latencies of a set of seizures, of which those without a recorded onset have none. */
export interface OnsetLatencies {
  readonly seizures: number;
  /** Seizures that run at the first sample of a file or stretch: their onset is not recorded, they have no latency. */
  readonly censored: number;
  /** Of each detected seizure with a recorded onset in seconds, recording after recording; look-ahead added where known. */
  readonly latencies: number[];
  /** What was added to each; null when it is unknown and nothing was. */
  readonly lookAheadSeconds: number | null;
}

/** Delay from the start of a seizure to the first alarm that overlaps it; below 0 when that came earlier. */
export interface OnsetLatency extends Omit<OnsetLatencies, "latencies"> {
  /** Detected seizures with a recorded onset. */
  readonly detected: number;
  /** NaN without a detected seizure, as the quartiles. */
  readonly medianSeconds: number;
  readonly lowerQuartileSeconds: number;
  readonly upperQuartileSeconds: number;
  readonly interquartileSeconds: number;
}

/** Annotations are written with four decimals. */
const START_TOLERANCE_SECONDS = 5e-4;

/** True for a seizure that runs at the first sample of a stretch, or that a gap cut off from its onset. */
function isCensored(startSeconds: number, endSeconds: number, stretchStarts: readonly number[]): boolean {
  return stretchStarts.some((start) => startSeconds <= start + START_TOLERANCE_SECONDS && endSeconds > start);
}

/** Latency of each detected seizure whose onset is recorded, with the detector's look-ahead where it is known. */
export function onsetLatencies(pairs: readonly StartedPair[], options: LatencyOptions = {}): OnsetLatencies {
  const { lookAheadSeconds = null } = options;
  const added = lookAheadSeconds === null ? 0 : lookAheadSeconds;
  let seizures = 0;
  let censored = 0;
  const latencies: number[] = [];
  for (const { id, durationSeconds, reference, hypothesis, stretchStartsSeconds = [0] } of pairs) {
    const ref = checkedEvents(reference, durationSeconds, `${id} (reference)`);
    const hyp = checkedEvents(hypothesis, durationSeconds, `${id} (hypothesis)`);
    seizures += ref.length;
    let next = 0;
    for (const { startSeconds, endSeconds } of ref) {
      let first = hyp[next];
      while (first && first.endSeconds <= startSeconds) {
        next += 1;
        first = hyp[next];
      }
      if (isCensored(startSeconds, endSeconds, stretchStartsSeconds)) censored += 1;
      else if (first && first.startSeconds < endSeconds) latencies.push(first.startSeconds - startSeconds + added);
    }
  }
  return { seizures, censored, latencies, lookAheadSeconds };
}

/** Onset latencies over the detected seizures of all recordings; missed ones only show in `detected`. */
export function onsetLatency(pairs: readonly StartedPair[], options: LatencyOptions = {}): OnsetLatency {
  const { latencies, ...counts } = onsetLatencies(pairs, options);
  const lower = quantileOf(latencies, 0.25);
  const upper = quantileOf(latencies, 0.75);
  return {
    ...counts,
    detected: latencies.length,
    medianSeconds: quantileOf(latencies, 0.5),
    lowerQuartileSeconds: lower,
    upperQuartileSeconds: upper,
    interquartileSeconds: upper - lower,
  };
}

/** What a latency was measured with, in one sentence. */
export function latencyText({
  seizures,
  censored,
  detected,
  lookAheadSeconds,
}: Omit<OnsetLatency, "medianSeconds">): string {
  const had = censored === 1 ? "seizure runs" : "seizures run";
  const without =
    censored === 0
      ? ""
      : `; ${censored} more ${had} at the first sample and ${censored === 1 ? "has" : "have"} no latency`;
  const added =
    lookAheadSeconds === null
      ? "the detector's look-ahead is unknown and not added"
      : `${Number(lookAheadSeconds.toFixed(2))} s of look-ahead added`;
  return `${detected} of ${seizures - censored} seizures with a recorded onset${without}; ${added}`;
}
