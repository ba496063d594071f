import { quantileOf } from "../../base/quantile.js";
import { type PageTracesOptions, pageTraces } from "./page-traces.js";
import type { ReviewRecording } from "./recording.js";

/** The median absolute deviation of a normal distribution is its standard deviation over this. */
const NORMAL_MAD = 1.4826;

/**
 * Robust standard deviation of each trace of a page in microvolts, in the order of the montage: its median absolute deviation times
 * 1.4826, which single spikes hardly move. Traces of hundreds of microvolts are artefact or mains hum, and cover a page. Errors as
 * `reviewFigure`.
 */
export function traceSpreads(
  recording: Pick<ReviewRecording, "id" | "signals" | "filters">,
  options: PageTracesOptions = {},
): number[] {
  return pageTraces(recording, options).traces.map((trace) => {
    const known = trace.filter((value) => !Number.isNaN(value));
    const median = quantileOf(known, 0.5);
    const deviations = known.map((value) => Math.abs(value - median));
    return NORMAL_MAD * quantileOf(deviations, 0.5);
  });
}
