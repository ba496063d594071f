/** The options of post-processing. */
import { choice, defaultsOf, fraction, number } from "../base/option-table.js";

export interface PostprocessOptions {
  /** A seizure begins where the probability stays at or above this. @default 0.86 */
  readonly onThreshold: number;
  /** It ends where the probability stays below this. @default 0.78 */
  readonly offThreshold: number;
  /** At least this many seconds at or above `onThreshold` make an onset. @default 0.5 */
  readonly minOnsetSeconds: number;
  /** At least this many seconds below `offThreshold` make an end. @default 1 */
  readonly minOffsetSeconds: number;
  /** Width of the opening that removes spikes. @default 11/256 */
  readonly openingSeconds: number;
  /** Width of the closing that fills gaps. @default 31/256 */
  readonly closingSeconds: number;
  /**
   * Shorter events are dropped, before near ones are joined. Lengths count whole probabilities: an event at the very end of a
   * recording is cut there afterwards (`cutEvents`) and may be shorter than this by less than one of them. @default 3
   */
  readonly minEventSeconds: number;
  /**
   * Longer events, joined ones too, are cut from their start into touching pieces of this length; a rest under
   * `minEventSeconds` is dropped, since it would be a second detection that is too short. @default 600
   */
  readonly maxEventSeconds: number;
  /** Events with a gap under this are joined. @default 2 */
  readonly mergeGapSeconds: number;
  /** How an event's confidence follows from its probabilities. @default "mean" */
  readonly confidence: "mean" | "peak" | "percentile";
  /** Used by "percentile". @default 0.75 */
  readonly confidencePercentile: number;
}

/** The rate of the reference system's probabilities, at which its defaults count samples. */
const REFERENCE_RATE_HZ = 256;

export const POSTPROCESS_OPTIONS = {
  onThreshold: number({
    default: 0.86,
    mayBeInfinite: true, // nothing is detected
    unit: "probability",
    description: "A seizure begins where the probability stays at or above this threshold.",
  }),
  offThreshold: number({
    default: 0.78,
    mayBeInfinite: true,
    unit: "probability",
    description: "A seizure ends where the probability stays below this threshold, which is under the onset threshold.",
  }),
  minOnsetSeconds: number({
    default: 128 / REFERENCE_RATE_HZ,
    least: 0,
    unit: "s",
    description: "The probability must stay at or above the onset threshold for this long to begin an event.",
  }),
  minOffsetSeconds: number({
    default: 256 / REFERENCE_RATE_HZ,
    least: 0,
    unit: "s",
    description: "The probability must stay below the offset threshold for this long to end an event.",
  }),
  openingSeconds: number({
    default: 11 / REFERENCE_RATE_HZ,
    least: 0,
    unit: "s",
    description: "Width of the morphological opening, which removes detections shorter than itself.",
  }),
  closingSeconds: number({
    default: 31 / REFERENCE_RATE_HZ,
    least: 0,
    unit: "s",
    description: "Width of the morphological closing, which fills interruptions shorter than itself.",
  }),
  minEventSeconds: number({
    default: 3,
    least: 0,
    unit: "s",
    description: "Shorter events are dropped before close events are merged.",
  }),
  maxEventSeconds: number({
    default: 600,
    least: 0,
    mayBeInfinite: true,
    unit: "s",
    description: "Longer events are cut into touching pieces of this length.",
  }),
  mergeGapSeconds: number({
    default: 2,
    least: 0,
    unit: "s",
    description: "Events separated by a gap under this are merged.",
  }),
  confidence: choice(["mean", "peak", "percentile"], {
    default: "mean",
    description: "How the confidence of an event is computed from its probabilities.",
  }),
  confidencePercentile: fraction({
    default: 0.75,
    description: "The quantile of an event's probabilities that is its confidence.",
  }),
};

export const POSTPROCESS_DEFAULTS: PostprocessOptions = defaultsOf(POSTPROCESS_OPTIONS);
