/**
 * The path of the szcore-evaluation package, which the SzCORE leaderboard takes: events become masks of one second before
 * anything is scored, a hypothesis of another length counts as no detections, and results are means over subjects.
 */
import type { Interval } from "../base/events.js";
import { checkedEvents, maskToIntervals, truncatedMask } from "./event-list.js";
import type { PatientPair } from "./patient-counts.js";
import { addCounts, type SzcoreRates, scoreEvents, scoreSamples, szcoreRates } from "./szcore.js";
import { type SubjectCounts, type SubjectScores, summarizeSubjects } from "./szcore-subjects.js";

/** A pair that knows how long the hypothesis says the recording is. */
export interface EvaluationPair extends PatientPair {
  /** @default durationSeconds */
  readonly hypothesisSeconds?: number;
}

export interface SzcoreEvaluationReport extends SubjectScores {
  readonly pooled: { readonly event: SzcoreRates; readonly sample: SzcoreRates };
  /** Recordings whose hypothesis has another number of whole seconds; they count as without detections. */
  readonly mismatched: readonly string[];
}

const MICRO = 1e6;

/** Ends as a sum of onset and duration in binary arithmetic, whose dust decides which second an end falls in. */
function onsetPlusDuration({ startSeconds, endSeconds }: Interval): Interval {
  return { startSeconds, endSeconds: startSeconds + Math.round((endSeconds - startSeconds) * MICRO) / MICRO };
}

function wholeSeconds(events: readonly Interval[], durationSeconds: number, source: string): Interval[] {
  const sound = checkedEvents(events, durationSeconds, source).map(onsetPlusDuration);
  return maskToIntervals(truncatedMask(sound, Math.trunc(durationSeconds)), 1);
}

/**
 * Scores by szcore-evaluation's rules. A hypothesis whose whole seconds differ from the reference's by up to
 * `durationToleranceSeconds` is cut or padded to them. Faulty times are FormatErrors, as for every scorer.
 */
export function scoreSzcoreEvaluation(
  pairs: readonly EvaluationPair[],
  { durationToleranceSeconds = 0 }: { readonly durationToleranceSeconds?: number | undefined } = {},
): SzcoreEvaluationReport {
  const counts: SubjectCounts[] = [];
  const mismatched: string[] = [];
  for (const { id, patient, durationSeconds, hypothesisSeconds = durationSeconds, reference, hypothesis } of pairs) {
    const seconds = Math.trunc(durationSeconds);
    const isMatched = Math.abs(Math.trunc(hypothesisSeconds) - seconds) <= durationToleranceSeconds;
    if (!isMatched) mismatched.push(id);
    const ref = wholeSeconds(reference, durationSeconds, `${id} (reference)`);
    const found = wholeSeconds(hypothesis, hypothesisSeconds, `${id} (hypothesis)`).flatMap((event) => {
      const endSeconds = Math.min(event.endSeconds, seconds);
      return event.startSeconds < endSeconds ? [{ ...event, endSeconds }] : [];
    });
    const hyp = isMatched ? found : [];
    counts.push({ patient, event: scoreEvents(ref, hyp, seconds), sample: scoreSamples(ref, hyp, seconds) });
  }
  const pooled = (kind: "event" | "sample") => szcoreRates(addCounts(counts.map((each) => each[kind])));
  return { ...summarizeSubjects(counts), pooled: { event: pooled("event"), sample: pooled("sample") }, mismatched };
}
