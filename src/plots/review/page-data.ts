import type { Interval } from "../../base/events.js";
import type { ViewSignals } from "../../dataset/view-signals.js";
import type { NamedEvent } from "./recording.js";
import type { ViewFilters } from "./view/filters.js";
import type { MarkLabel } from "./view/marks.js";

/** What the page's script reads from its `#recording` element; samples and probabilities are in elements of their own. */
export interface PageData {
  readonly id: string;
  /** Path of the recording's file in its corpus, without ending. */
  readonly stem: string;
  /** Labels that a reader's marks can have. */
  readonly labels: readonly MarkLabel[];
  readonly signals: Omit<ViewSignals, "samples">;
  readonly isLabelled: boolean;
  readonly reference: readonly NamedEvent[];
  /** What the view begins with; the reader's own settings come first. */
  readonly filters?: Partial<ViewFilters> | undefined;
  readonly detector?: {
    readonly rateHz: number;
    readonly valueCount: number;
    readonly onThreshold: number;
    readonly offThreshold: number;
    readonly hypothesis: readonly NamedEvent[];
    readonly misses: readonly Interval[];
    readonly falseAlarms: readonly Interval[];
  };
  /** References and detectors beside the first; probabilities are in elements of their own. */
  readonly others: readonly {
    readonly name: string;
    readonly kind: "reference" | "detector";
    readonly events: readonly NamedEvent[];
    readonly rateHz?: number;
    readonly valueCount?: number;
  }[];
}

/** Probabilities are stored as whole numbers of 1/10000. */
export const PROBABILITY_STEPS = 10_000;
