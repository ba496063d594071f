import { quantileOf } from "../base/quantile.js";
import { checkedEvents } from "./event-list.js";
import type { ScoredPair } from "./score.js";

/** Delay from the start of a seizure to the start of the first detection that overlaps it; below 0 when that came earlier. */
export interface OnsetLatency {
  readonly seizures: number;
  readonly detected: number;
  /** NaN without a detected seizure, as the quartiles. */
  readonly medianSeconds: number;
  readonly lowerQuartileSeconds: number;
  readonly upperQuartileSeconds: number;
  readonly interquartileSeconds: number;
}

/** Latency of each detected seizure in seconds, recording after recording, and how many seizures there are. */
export function onsetLatencies(pairs: readonly ScoredPair[]): { seizures: number; latencies: number[] } {
  let seizures = 0;
  const latencies: number[] = [];
  for (const { id, durationSeconds, reference, hypothesis } of pairs) {
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
      if (first && first.startSeconds < endSeconds) latencies.push(first.startSeconds - startSeconds);
    }
  }
  return { seizures, latencies };
}

/** Onset latencies over the detected seizures of all recordings; missed ones only show in `detected`. */
export function onsetLatency(pairs: readonly ScoredPair[]): OnsetLatency {
  const { seizures, latencies } = onsetLatencies(pairs);
  const lower = quantileOf(latencies, 0.25);
  const upper = quantileOf(latencies, 0.75);
  return {
    seizures,
    detected: latencies.length,
    medianSeconds: quantileOf(latencies, 0.5),
    lowerQuartileSeconds: lower,
    upperQuartileSeconds: upper,
    interquartileSeconds: upper - lower,
  };
}
