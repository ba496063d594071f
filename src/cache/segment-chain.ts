import { isIctalError } from "@ictal/base/errors";
import { LONGEST_SPAN_SECONDS } from "../recording/edf-timeline.js";
import type { TimelineBreak } from "../recording/record-runs.js";
import type { Chain } from "../signal/chain.js";
import type { Sink } from "../signal/flow.js";
import { closeMoments, joinMoments, type Moments, type RunningMoments } from "../signal/normalize.js";
import { LeaveOut } from "./leave-out.js";
import type { SampleRun } from "./sample-blocks.js";
import type { Segment } from "./segments.js";

/** Where a recording's samples lie in its time. */
export interface Placed {
  /** Per channel, gaps counted. */
  readonly sampleCount: number;
  /** Absent where there is no gap. */
  readonly segments?: readonly Segment[];
  /** End of the last record in the recording's time; undefined where there is no gap. */
  readonly endSeconds?: number;
  readonly moments: Moments;
  readonly filled: readonly boolean[];
  readonly gapCount: number;
  /** Segments of too few samples for the filters; they are as if not recorded. */
  readonly shortCount: number;
}

export interface SegmentChainOptions {
  /** A chain per segment: filters start anew after a gap. */
  readonly open: () => Chain;
  /** Called before each segment. */
  readonly onSegment: () => void;
  /** Takes samples one after the other, without the gaps. */
  readonly sink: Sink;
  readonly sampleRateHz: number;
  readonly recordDurationSeconds: number;
}

/** Feeds each segment of a recording to a chain of its own. */
export class SegmentChain {
  private chain: Chain;
  private startSeconds = 0;
  private endSeconds = 0;
  /** Samples given per channel: before this segment, and in all. */
  private before = 0;
  private given = 0;
  private gapCount = 0;
  private shortCount = 0;
  private shortFault: Error | undefined;
  private readonly filled: readonly boolean[];
  private readonly segments: Segment[] = [];
  private readonly parts: Moments[] = [];

  constructor(private readonly options: SegmentChainOptions) {
    this.chain = options.open();
    this.filled = this.chain.filled;
    options.onSegment();
  }

  /** Take the next run; one with a `break` begins a segment. */
  feed({ block, startSeconds, recordCount, ...run }: SampleRun): void {
    if (run.break) this.breakAt(run.break);
    this.chain.feed(block, this.sink);
    this.endSeconds = startSeconds + recordCount * this.options.recordDurationSeconds;
  }

  /** The rest of the last segment. LeaveOut "too-short" where no segment has samples enough for the filters. */
  end(): Placed {
    const { sampleRateHz } = this.options;
    this.endSegment();
    const { filled, gapCount, shortCount, segments, parts, endSeconds } = this;
    const common = { filled, gapCount, shortCount };
    const [first] = segments;
    if (!first) throw new LeaveOut("too-short", this.shortFault?.message ?? "it holds no sample");
    if (gapCount === 0) return { ...common, sampleCount: this.given, moments: parts[0]! };
    const last = segments.at(-1)!;
    const sampleCount = Math.max(last.startSample + last.sampleCount, Math.round(endSeconds * sampleRateHz));
    return { ...common, sampleCount, segments, endSeconds, moments: pooled(parts) };
  }

  private readonly sink: Sink = (channel, samples, at) => {
    this.options.sink(channel, samples, this.before + at);
    this.given = Math.max(this.given, this.before + at + samples.length);
  };

  private breakAt({ startSeconds }: TimelineBreak): void {
    if (startSeconds > LONGEST_SPAN_SECONDS)
      throw new LeaveOut(
        "gap-too-long",
        `a record starts ${startSeconds} s after the first, expected at most ${LONGEST_SPAN_SECONDS} s; check its timestamps`,
      );
    this.endSegment();
    this.gapCount += 1;
    this.startSeconds = startSeconds;
    this.chain = this.options.open();
    this.options.onSegment();
  }

  private endSegment(): void {
    try {
      this.chain.end(this.sink);
    } catch (error) {
      if (!isIctalError(error, "UnsupportedError")) throw error; // zero-phase filters on a few samples
      this.shortFault = error;
    }
    const sampleCount = this.given - this.before;
    if (sampleCount === 0) {
      this.shortCount += 1;
      return;
    }
    const wished = Math.round(this.startSeconds * this.options.sampleRateHz);
    const last = this.segments.at(-1);
    const startSample = last ? Math.max(wished, last.startSample + last.sampleCount) : wished;
    this.segments.push({ startSample, sampleCount });
    this.parts.push(this.chain.moments());
    this.before = this.given;
  }
}

/** Moments over all segments (Chan, Golub and LeVeque 1983). */
function pooled(parts: readonly Moments[]): Moments {
  const channels: RunningMoments[] = Array.from(parts[0]!.mean, () => ({ mean: 0, squares: 0 }));
  let before = 0;
  for (const { mean, std, sampleCount: count } of parts) {
    for (const [c, running] of channels.entries()) {
      const stretch = { origin: mean[c]!, sum: 0, sumOfSquares: std[c]! ** 2 * count, count };
      channels[c] = joinMoments(running, before, stretch);
    }
    before += count;
  }
  return closeMoments(channels, before);
}
