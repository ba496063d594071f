import type { Interval } from "./events.js";

/** One stretch of EEG, ready to be drawn. */
export interface EegPanel {
  readonly title: string;
  readonly channels: readonly string[];
  readonly sampleRateHz: number;
  /** Of the first sample, from the start of the recording. */
  readonly startSeconds: number;
  /** `[channel, sample]`, any unit. */
  readonly samples: Float32Array;
  /** To shade, in the recording's time; they may reach beyond the stretch. */
  readonly seizures: readonly Interval[];
}
