import type { Interval } from "../base/events.js";

/** A time range of EEG, ready to be drawn. */
export interface EegPanel {
  readonly title: string;
  readonly channels: readonly string[];
  readonly sampleRateHz: number;
  /** Of the first sample, from the start of the recording. */
  readonly startSeconds: number;
  /** `[channel, sample]`, any unit. */
  readonly samples: Float32Array;
  /** Shaded intervals, in the recording's time; they may exceed the range. */
  readonly seizures: readonly Interval[];
}
