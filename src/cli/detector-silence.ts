/** What a verb says where a detector found nothing, which looks like a result and is a threshold. */
import type { PostprocessOptions } from "../scoring/postprocess.js";

/** The highest of some probabilities; NaN of none. */
export function highestOf(probability: ArrayLike<number>, before = Number.NaN): number {
  let most = before;
  for (let i = 0; i < probability.length; i++) {
    const value = probability[i]!;
    if (!(value <= most) && !Number.isNaN(value)) most = value;
  }
  return most;
}

/**
 * Why there is no event, and what to do; undefined where there may be some. `events` is their number where it is known, `search` ends
 * the sentence: where and how a threshold is chosen.
 */
export function silenceText(
  highest: number,
  { onThreshold, minOnsetSeconds, minEventSeconds }: PostprocessOptions,
  { events, search }: { readonly events?: number | undefined; readonly search: string },
): string | undefined {
  if (Number.isNaN(highest)) return undefined;
  const reached = `tau_on ${onThreshold} (highest ${highest.toFixed(3)})`;
  if (highest < onThreshold) return `no probability reached ${reached}: choose a threshold ${search}`;
  if (events !== 0) return undefined;
  const least = `an onset takes ${minOnsetSeconds} s, an event ${minEventSeconds} s`;
  return `no event: probabilities reached ${reached}, but not for long enough (${least}); choose a threshold ${search}`;
}
