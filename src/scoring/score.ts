import { type Interval, mergeIntervals } from "../base/events.js";
import { predictedCount, type ValueRange } from "../base/value-ranges.js";
import { rocAndPrCurves } from "./curves.js";
import { checkedEvents } from "./event-list.js";
import { detectEvents, type PostprocessOptions } from "./postprocess.js";
import {
  addCounts,
  type SzcoreCounts,
  type SzcoreOptions,
  type SzcoreRates,
  scoreEvents,
  scoreSamples,
  szcoreRates,
} from "./szcore.js";
import { type SubjectCounts, type SubjectScores, summarizeSubjects } from "./szcore-subjects.js";

/** Reference and hypothesis of one recording. */
export interface ScoredPair {
  readonly id: string;
  readonly durationSeconds: number;
  readonly reference: readonly Interval[];
  readonly hypothesis: readonly Interval[];
  /** Whose recording it is. */
  readonly patient?: string;
}

export interface SzcoreReport {
  readonly event: SzcoreRates;
  readonly sample: SzcoreRates;
  readonly perRecording: Readonly<Record<string, { readonly event: SzcoreRates; readonly sample: SzcoreRates }>>;
  /** Mean and sd over subjects; only when every pair names its patient. */
  readonly subjects?: SubjectScores;
}

/**
 * SzCORE scores per recording, pooled (counts summed over recordings) and by subject. Events may overlap; faulty times are
 * FormatErrors.
 */
export function scoreSzcore(pairs: readonly ScoredPair[], options: SzcoreOptions = {}): SzcoreReport {
  const events: SzcoreCounts[] = [];
  const samples: SzcoreCounts[] = [];
  const bySubject: SubjectCounts[] = [];
  const perRecording = new Map<string, { event: SzcoreRates; sample: SzcoreRates }>();
  for (const { id, patient, durationSeconds, reference, hypothesis } of pairs) {
    const ref = checkedEvents(reference, durationSeconds, `${id} (reference)`);
    const hyp = checkedEvents(hypothesis, durationSeconds, `${id} (hypothesis)`);
    const event = scoreEvents(ref, hyp, durationSeconds, options);
    const sample = scoreSamples(ref, hyp, durationSeconds);
    events.push(event);
    samples.push(sample);
    if (patient !== undefined) bySubject.push({ patient, event, sample });
    perRecording.set(id, { event: szcoreRates(event), sample: szcoreRates(sample) });
  }
  return {
    event: szcoreRates(addCounts(events)),
    sample: szcoreRates(addCounts(samples)),
    perRecording: Object.fromEntries(perRecording),
    ...(pairs.length > 0 && bySubject.length === pairs.length ? { subjects: summarizeSubjects(bySubject) } : {}),
  };
}

/** Probabilities of one recording with its reference. */
export interface PredictedRecording {
  readonly id: string;
  readonly durationSeconds: number;
  readonly rateHz: number;
  /** One value in 0..1 per 1/rateHz seconds. */
  readonly probability: Float32Array;
  /** Values that were predicted, in a recording with gaps; the others count nowhere. @default all */
  readonly segments?: readonly ValueRange[];
  readonly reference: readonly Interval[];
  /** Where it is not the first part of the id. */
  readonly split?: string | undefined;
}

/** 1 where the centre of cell `i` (1/rateHz seconds wide) lies in an event. */
export function cellLabels(events: readonly Interval[], cellCount: number, rateHz: number): Uint8Array {
  const labels = new Uint8Array(cellCount);
  for (const { startSeconds, endSeconds } of mergeIntervals(events)) {
    const first = Math.max(0, Math.ceil(startSeconds * rateHz - 0.5));
    labels.fill(1, first, Math.max(first, Math.ceil(endSeconds * rateHz - 0.5)));
  }
  return labels;
}

/** Scores and labels of all recordings end to end; for pooled measures only, since no recording continues another. */
export function pooledCells(recordings: readonly PredictedRecording[]): { score: Float32Array; truth: Uint8Array } {
  const total = recordings.reduce((sum, recording) => sum + predictedCount(recording), 0);
  const score = new Float32Array(total);
  const truth = new Uint8Array(total);
  let offset = 0;
  for (const recording of recordings) {
    const cells = cellsOf(recording);
    score.set(cells.score, offset);
    truth.set(cells.truth, offset);
    offset += cells.score.length;
  }
  return { score, truth };
}

/** Scores and labels of the values that were predicted. */
export function cellsOf(recording: PredictedRecording): { score: Float32Array; truth: Uint8Array } {
  const { probability, reference, rateHz, segments } = recording;
  const labels = cellLabels(reference, probability.length, rateHz);
  if (!segments) return { score: probability, truth: labels };
  const score = new Float32Array(predictedCount(recording));
  const truth = new Uint8Array(score.length);
  let offset = 0;
  for (const { start, end } of segments) {
    score.set(probability.subarray(start, end), offset);
    truth.set(labels.subarray(start, end), offset);
    offset += end - start;
  }
  return { score, truth };
}

export interface Evaluation {
  /** Pooled over all cells of all recordings. */
  readonly auroc: number;
  readonly auprc: number;
  readonly szcore: SzcoreReport;
  /** Detected events per recording id. */
  readonly hypotheses: ReadonlyMap<string, readonly (Interval & { label: string; confidence: number })[]>;
}

/** Post-process and score a split: sample measures on the probabilities, event measures on the detected events. */
export function evaluatePredictions(
  recordings: readonly PredictedRecording[],
  options: {
    readonly postprocess?: Partial<PostprocessOptions> | undefined;
    readonly szcore?: SzcoreOptions | undefined;
  } = {},
): Evaluation {
  const { score, truth } = pooledCells(recordings);
  const { auroc, auprc } = rocAndPrCurves(score, truth);
  const hypotheses = new Map(
    recordings.map(
      ({ id, probability, rateHz, segments }) =>
        [id, detectEvents(probability, rateHz, options.postprocess, segments)] as const,
    ),
  );
  const pairs = recordings.map(({ id, durationSeconds, reference }) => ({
    id,
    durationSeconds,
    reference,
    hypothesis: hypotheses.get(id) ?? [],
  }));
  return { auroc, auprc, szcore: scoreSzcore(pairs, options.szcore), hypotheses };
}
