import type { LookAheadPart } from "../base/look-ahead.js";
import type { Sections } from "./butterworth.js";
import { chainSections } from "./chain.js";
import type { ChainOptions } from "./chain-options.js";
import { HALF_ZEROS } from "./polyphase.js";
import { isSameRate } from "./resampler.js";

const SEES_ALL = Number.POSITIVE_INFINITY;

/**
 * What in a chain looks ahead, and how far. Without the rate of the recording the resampler counts as for one at least as fast
 * as the target; it waits for ten samples of the slower rate.
 */
export function chainLookAhead(chain: ChainOptions, recordedRateHz?: number): LookAheadPart[] {
  const { normalize, memorySeconds, phase, resample, targetRateHz } = chain;
  const parts: LookAheadPart[] = [];
  if (normalize && memorySeconds === undefined)
    parts.push({
      part: "normalisation",
      seconds: SEES_ALL,
      reason: "takes mean and standard deviation over all of it",
    });
  if (phase === "zero")
    parts.push({ part: "filter", seconds: SEES_ALL, reason: "runs backwards from the end of the recording" });
  if (resample === "fourier")
    parts.push({ part: "resampling", seconds: SEES_ALL, reason: "transforms the whole recording" });
  else if (recordedRateHz === undefined || !isSameRate(recordedRateHz, targetRateHz))
    parts.push({
      part: "resampling",
      seconds: HALF_ZEROS / Math.min(targetRateHz, recordedRateHz ?? targetRateHz),
      reason: `waits for ${HALF_ZEROS} samples of the slower rate (nothing at ${targetRateHz} Hz)`,
    });
  return parts;
}

/** Group delay of second-order sections at a frequency, in seconds: Re(N'/N) - Re(D'/D) by section. */
function groupDelay(sections: Sections, hertz: number, sampleRateHz: number): number {
  const omega = (2 * Math.PI * hertz) / sampleRateHz;
  /** Real part of sum(k c_k z^-k) / sum(c_k z^-k). */
  const delayOf = (coefficients: Float64Array) => {
    let [re, im, slopeRe, slopeIm] = [0, 0, 0, 0];
    for (const [k, value] of coefficients.entries()) {
      const [cosine, sine] = [Math.cos(k * omega), -Math.sin(k * omega)];
      re += value * cosine;
      im += value * sine;
      slopeRe += k * value * cosine;
      slopeIm += k * value * sine;
    }
    return (slopeRe * re + slopeIm * im) / (re * re + im * im);
  };
  let samples = 0;
  for (let at = 0; at < sections.length; at += 6)
    samples += delayOf(sections.subarray(at, at + 3)) - delayOf(sections.subarray(at + 3, at + 6));
  return samples / sampleRateHz;
}

/**
 * How much later the causal filters give the middle of their band (its geometric mean) than it was recorded, in seconds. Labels
 * and latencies count in recorded time, so that a measured latency holds it already. 0 for zero-phase filters.
 */
export function filterDelaySeconds(chain: ChainOptions): number {
  if (chain.phase === "zero") return 0;
  return groupDelay(chainSections(chain).all, Math.sqrt(chain.lowCutHz * chain.highCutHz), chain.targetRateHz);
}
