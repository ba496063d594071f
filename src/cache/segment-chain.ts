import { isIctalError } from "@ictal/base/errors";
import { LONGEST_SPAN_SECONDS } from "../recording/edf-timeline.js";
import type { TimelineBreak } from "../recording/record-runs.js";
import type { Chain } from "../signal/chain.js";
import { combineMoments, type Moments, type RunningMoments, toMoments } from "../signal/normalize.js";
import type { OnSamples } from "../signal/signal-processor.js";
import { ExclusionError } from "./exclusion.js";
import type { SampleRun } from "./sample-blocks.js";
import type { Segment } from "./segments.js";

/** Where a recording's samples lie in its time. */
export interface SegmentedSamples {
  /** Per channel, gaps counted. */
  readonly sampleCount: number;
  /** Absent where there is no gap. */
  readonly segments?: readonly Segment[];
  /** End of the last record in the recording's time; absent where there is no gap. */
  readonly endSeconds?: number;
  readonly moments: Moments;
  readonly filled: readonly boolean[];
  readonly gapCount: number;
  /** Segments of too few samples for the filters; they are treated as not recorded. */
  readonly shortCount: number;
}

export interface SegmentChainOptions {
  /** Opens a chain for each segment: the filters start anew after a gap. */
  readonly open: () => Chain;
  /** Called before each segment. */
  readonly onSegment: () => void;
  /** Called with consecutive samples, without the gaps. */
  readonly onSamples: OnSamples;
  readonly sampleRateHz: number;
  readonly recordDurationSeconds: number;
}

/** Processes each segment of a recording with a chain of its own. */
export class SegmentChain {
  readonly #options: SegmentChainOptions;
  readonly #filled: readonly boolean[];
  readonly #segments: Segment[] = [];
  /** Moments of each segment. */
  readonly #moments: Moments[] = [];
  #chain: Chain;
  #startSeconds = 0;
  #endSeconds = 0;
  /** Samples given per channel: before this segment, and in total. */
  #before = 0;
  #given = 0;
  #gapCount = 0;
  #shortCount = 0;
  #shortError: Error | undefined;

  constructor(options: SegmentChainOptions) {
    this.#options = options;
    this.#chain = options.open();
    this.#filled = this.#chain.filled;
    options.onSegment();
  }

  /** Process the next run of records; one with a `break` begins a segment. */
  process({ block, startSeconds, recordCount, ...run }: SampleRun): void {
    if (run.break) this.#breakAt(run.break);
    this.#chain.pushTo(block, this.#onSamples);
    this.#endSeconds = startSeconds + recordCount * this.#options.recordDurationSeconds;
  }

  /** Give the rest of the last segment. ExclusionError "too-short" where no segment has enough samples for the filters. */
  flush(): SegmentedSamples {
    this.#endSegment();
    const common = { filled: this.#filled, gapCount: this.#gapCount, shortCount: this.#shortCount };
    const last = this.#segments.at(-1);
    const [first] = this.#moments;
    if (!last || !first) throw new ExclusionError("too-short", this.#shortError?.message ?? "it holds no sample");
    if (this.#gapCount === 0) return { ...common, sampleCount: this.#given, moments: first };
    const endSeconds = this.#endSeconds;
    const endSample = Math.round(endSeconds * this.#options.sampleRateHz);
    const sampleCount = Math.max(last.startSample + last.sampleCount, endSample);
    return { ...common, sampleCount, segments: this.#segments, endSeconds, moments: combineSegments(this.#moments) };
  }

  readonly #onSamples: OnSamples = (channel, samples, at) => {
    this.#options.onSamples(channel, samples, this.#before + at);
    this.#given = Math.max(this.#given, this.#before + at + samples.length);
  };

  #breakAt({ startSeconds }: TimelineBreak): void {
    if (startSeconds > LONGEST_SPAN_SECONDS)
      throw new ExclusionError(
        "gap-too-long",
        `a record starts ${startSeconds} s after the first, expected at most ${LONGEST_SPAN_SECONDS} s; check its timestamps`,
      );
    this.#endSegment();
    this.#gapCount += 1;
    this.#startSeconds = startSeconds;
    this.#chain = this.#options.open();
    this.#options.onSegment();
  }

  #endSegment(): void {
    try {
      this.#chain.flushTo(this.#onSamples);
    } catch (error) {
      if (!isIctalError(error, "UnsupportedError")) throw error; // zero-phase filters on a few samples
      this.#shortError = error;
    }
    const sampleCount = this.#given - this.#before;
    if (sampleCount === 0) {
      this.#shortCount += 1;
      return;
    }
    const nominalStart = Math.round(this.#startSeconds * this.#options.sampleRateHz);
    const last = this.#segments.at(-1);
    const startSample = last ? Math.max(nominalStart, last.startSample + last.sampleCount) : nominalStart;
    this.#segments.push({ startSample, sampleCount });
    this.#moments.push(this.#chain.moments());
    this.#before = this.#given;
  }
}

/** Moments over all segments (Chan, Golub and LeVeque 1983). */
function combineSegments(segments: readonly Moments[]): Moments {
  let channels: RunningMoments[] = Array.from(segments[0]?.mean ?? [], () => ({ mean: 0, squares: 0 }));
  let before = 0;
  for (const { mean, std, sampleCount: count } of segments) {
    channels = channels.map((running, c) => {
      const sumOfSquares = (std[c] ?? Number.NaN) ** 2 * count;
      return combineMoments(running, before, { origin: mean[c] ?? Number.NaN, sum: 0, sumOfSquares, count });
    });
    before += count;
  }
  return toMoments(channels, before);
}
