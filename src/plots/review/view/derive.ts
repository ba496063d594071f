import type { ViewChannel, ViewSignals } from "../../../dataset/view-signals.js";
import { filterInPlace, filterSections, type ViewFilters } from "./filters.js";
import type { Derivation, ViewMontage } from "./montages.js";

/** The signals that traces are made of. */
export type ViewSource = Pick<ViewSignals, "samples" | "sampleCount" | "sampleRateHz" | "stepMicrovolts" | "gaps"> & {
  readonly channels: readonly ViewChannel[];
};

/** Filters start this long before what is shown, so that what is shown does not depend on where the page begins. */
const PADDING_SECONDS = 10;

interface Run {
  readonly from: number;
  readonly to: number;
}

/** Stretches without a gap, in samples. */
function runsOf({ gaps, sampleCount, sampleRateHz }: ViewSource): Run[] {
  const runs: Run[] = [];
  let from = 0;
  for (const { startSeconds, endSeconds } of gaps) {
    runs.push({ from, to: Math.round(startSeconds * sampleRateHz) });
    from = Math.round(endSeconds * sampleRateHz);
  }
  return [...runs, { from, to: sampleCount }].filter((run) => run.to > run.from);
}

/** `out[i]` = microvolts of sample `from + i` of a derivation. */
function mixInto(
  out: Float32Array,
  source: ViewSource,
  { plus, minus }: Derivation,
  average: readonly number[],
  from: number,
): void {
  const { samples, sampleCount, stepMicrovolts: step } = source;
  const a = plus * sampleCount + from;
  if (minus !== undefined) {
    const b = minus * sampleCount + from;
    for (let i = 0; i < out.length; i++) out[i] = step * (samples[a + i]! - samples[b + i]!);
    return;
  }
  for (let i = 0; i < out.length; i++) out[i] = step * samples[a + i]!;
  const weight = step / average.length;
  for (const row of average) {
    const b = row * sampleCount + from;
    for (let i = 0; i < out.length; i++) out[i] = out[i]! - weight * samples[b + i]!;
  }
}

/**
 * Samples `from` to `to` (any, NaN outside the recording and in gaps) of each derivation in microvolts, filtered. The same
 * sample is the same wherever the page begins, but for the filters' memory beyond ten seconds.
 */
export function deriveTraces(
  source: ViewSource,
  montage: ViewMontage,
  filters: ViewFilters,
  from: number,
  to: number,
): Float32Array[] {
  const sections = filterSections(filters, source.sampleRateHz);
  const padding = sections.length > 0 ? Math.ceil(PADDING_SECONDS * source.sampleRateHz) : 0;
  const runs = runsOf(source).filter((run) => run.from < to && run.to > from);
  const longest = Math.min(source.sampleCount, to - from + padding);
  const work = new Float32Array(Math.max(0, longest));
  return montage.derivations.map((derivation) => {
    const out = new Float32Array(Math.max(0, to - from)).fill(Number.NaN);
    const average = derivation.side === "heart" ? [] : montage.average;
    for (const run of runs) {
      const first = Math.max(run.from, from - padding);
      const last = Math.min(run.to, to);
      const x = work.subarray(0, last - first);
      mixInto(x, source, derivation, average, first);
      filterInPlace(x, sections);
      const shown = Math.max(first, from);
      out.set(x.subarray(shown - first), shown - from);
    }
    return out;
  });
}
