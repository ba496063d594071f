/** Caches of version 0.1, which joined what lay on both sides of a gap in EDF+C and BDF+C: what was never compared is refused. */
import { CacheError } from "@ictal/base/errors";
import type { Sidecar } from "./sidecar.js";

/** What is wrong with such a cache, and what to do. */
export function uncheckedTimelines(which: string): string {
  return (
    `the timestamps of ${which} were never compared with the samples, and ictal 0.1 joined the samples on both sides of a gap; ` +
    "run: ictal cache build (for imported archives: ictal cache import), which keeps what is right and builds the rest again"
  );
}

/** Throws a CacheError where the timestamps of a recording's source were never compared with its samples. */
export function requireTimelineCheck({ id, timelineCheck }: Sidecar): void {
  if (timelineCheck !== undefined) return;
  throw new CacheError(uncheckedTimelines(id), { found: "no timelineCheck", expected: "timelineCheck" });
}

/** The same for the recordings of a cache together. */
export function refuseUncheckedTimelines(sidecars: readonly Sidecar[], path: string): void {
  const unchecked = sidecars.filter(({ timelineCheck }) => timelineCheck === undefined);
  const first = unchecked[0];
  if (!first) return;
  const which = `${unchecked.length} of ${sidecars.length} recordings, e.g. ${first.id}`;
  throw new CacheError(`${path}: ${uncheckedTimelines(which)}`, { found: unchecked.length, expected: 0 });
}
