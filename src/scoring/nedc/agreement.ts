import type { EpochTable } from "./epoch.js";

/**
 * Cohen's kappa of epoch labels (NEDC IRA; Cohen, "A coefficient of agreement for nominal scales", 1960). With two labels
 * the kappa of either label and of the whole table are one. 1 where both sides know one and the same label only, as the tool
 * prints; NaN without epochs.
 */
export function cohensKappa({ both, referenceOnly, hypothesisOnly, neither }: EpochTable): number {
  const count = both + referenceOnly + hypothesisOnly + neither;
  if (count === 0) return Number.NaN;
  const chance =
    (both + referenceOnly) * (both + hypothesisOnly) + (neither + referenceOnly) * (neither + hypothesisOnly);
  const room = count * count - chance;
  return room === 0 ? 1 : (count * (both + neither) - chance) / room;
}
