import type { Interval } from "../../base/events.js";
import type { ViewSignals } from "../../dataset/view-signals.js";
import type { Caption } from "../figure.js";
import type { ViewFilters } from "./view/filters.js";

/** An event with a name: a seizure type, or what the detector calls it. */
export interface NamedEvent extends Interval {
  readonly label: string;
  /** 0..1. */
  readonly confidence?: number;
}

/** A detector's output for a recording. */
export interface DetectorTrack {
  /** One value in 0..1 per 1/rateHz seconds. */
  readonly probability: Float32Array;
  readonly rateHz: number;
  readonly onThreshold: number;
  readonly offThreshold: number;
  readonly hypothesis: readonly NamedEvent[];
  /** Missed seizures and false alarms; empty where the recording has no labels. */
  readonly misses: readonly Interval[];
  readonly falseAlarms: readonly Interval[];
}

/** Another reference, or another detector, that stands beside the first. */
export interface BesideTrack {
  readonly name: string;
  readonly kind: "reference" | "detector";
  readonly events: readonly NamedEvent[];
  /** Of a detector: one value in 0..1 per 1/rateHz seconds. */
  readonly probability?: Float32Array;
  readonly rateHz?: number;
}

/** A recording to be reviewed. */
export interface ReviewRecording {
  readonly id: string;
  /** Path of its file in the corpus, without ending: where marks of a reader belong. @default the id */
  readonly stem?: string;
  readonly signals: ViewSignals;
  /** False when the recording has no labels. */
  readonly isLabelled: boolean;
  readonly reference: readonly NamedEvent[];
  /** Absent without predictions. */
  readonly detector?: DetectorTrack;
  /** Other references and detectors, in the order in which they are shown. */
  readonly others?: readonly BesideTrack[];
  readonly caption?: Caption;
  /** Filters that its pages begin with, such as a notch where mains hum covers the EEG. @default 1 to 70 Hz, no notch */
  readonly filters?: Partial<ViewFilters> | undefined;
}
