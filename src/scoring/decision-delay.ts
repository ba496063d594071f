import { withDefaults } from "@ictal/base/options";
import type { LookAheadPart } from "../base/look-ahead.js";
import { POSTPROCESS_DEFAULTS, type PostprocessOptions, sampleSettings } from "./postprocess.js";

/** What post-processing waits for. */
export interface DecisionDelay {
  /** Until it is certain that an event counts. */
  readonly alarm: readonly LookAheadPart[];
  /** From there until its end is certain, after the last value that belongs to it. */
  readonly end: readonly LookAheadPart[];
}

/** What post-processing of probabilities at `rateHz` waits for; RangeError as `sampleSettings`. */
export function decisionDelay(options: Partial<PostprocessOptions>, rateHz: number): DecisionDelay {
  const { minOnset, opening, closing, minimum, mergeGap } = sampleSettings(
    withDefaults(POSTPROCESS_DEFAULTS, options),
    rateHz,
  );
  const smoothing = 2 * (opening >> 1) + 2 * (closing >> 1);
  const alarm = [
    { part: "onset", samples: minOnset - 1, reason: "waits for the onset rule" },
    { part: "smoothing", samples: smoothing, reason: "opens and closes the mask around each value" },
    {
      part: "minimum duration",
      samples: Math.max(0, minimum - minOnset),
      reason: "waits until an event is long enough",
    },
  ];
  const end = [
    { part: "merging", samples: mergeGap + minimum, reason: "waits for a later event that would be joined" },
  ];
  const inSeconds = (parts: readonly { part: string; samples: number; reason: string }[]): LookAheadPart[] =>
    parts
      .filter(({ samples }) => samples > 0)
      .map(({ part, samples, reason }) => ({ part, seconds: samples / rateHz, reason }));
  return { alarm: inSeconds(alarm), end: inSeconds(end) };
}
