import { requireNumbers, withDefaults } from "@ictal/base/options";
import type { ReviewRecording } from "./recording.js";
import { deriveTraces } from "./view/derive.js";
import type { ViewFilters } from "./view/filters.js";
import { type Derivation, type MontageName, usableMontages, viewMontage } from "./view/montages.js";

/** Which page of a recording, and how it is seen. */
export interface PageTracesOptions extends Partial<ViewFilters> {
  /** Left edge of the page. @default 0 */
  readonly startSeconds?: number | undefined;
  /** @default 10 */
  readonly pageSeconds?: number | undefined;
  /** @default "banana", else the first that the electrodes allow */
  readonly montage?: MontageName | undefined;
}

/** What a page draws. */
export interface PageTraces {
  readonly derivations: readonly Derivation[];
  /** Microvolts of each derivation at the rate of the signals; NaN where nothing was recorded. */
  readonly traces: readonly Float32Array[];
  readonly startSeconds: number;
  readonly pageSeconds: number;
  readonly filters: ViewFilters;
}

const DEFAULT_FILTERS: ViewFilters = { highPassHz: 1, lowPassHz: 70, notchHz: null };

/** The traces of a page. Throws a RangeError on a start outside the recording and a montage without its electrodes. */
export function pageTraces(
  { id, signals, filters: own }: Pick<ReviewRecording, "id" | "signals" | "filters">,
  options: PageTracesOptions = {},
): PageTraces {
  const { startSeconds = 0, pageSeconds = 10, montage, highPassHz, lowPassHz, notchHz } = options;
  requireNumbers({ pageSeconds }, { above: 0 });
  const usable = usableMontages(signals.channels);
  const name = montage ?? usable[0];
  if (name === undefined || !usable.includes(name))
    throw new RangeError(`invalid montage: ${name}; the electrodes of ${id} allow ${usable.join(", ") || "none"}`);
  if (!(startSeconds >= 0 && startSeconds < signals.durationSeconds))
    throw new RangeError(`invalid startSeconds: ${startSeconds}; ${id} has ${signals.durationSeconds} s`);
  const filters = withDefaults(withDefaults(DEFAULT_FILTERS, own ?? {}), { highPassHz, lowPassHz, notchHz });
  const from = Math.round(startSeconds * signals.sampleRateHz);
  const to = from + Math.round(pageSeconds * signals.sampleRateHz);
  const view = viewMontage(name, signals.channels);
  const traces = deriveTraces(signals, view, filters, from, to);
  return { derivations: view.derivations, traces, startSeconds, pageSeconds, filters };
}
