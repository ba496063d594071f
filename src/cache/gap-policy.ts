import { CacheError } from "@ictal/base/errors";
import type { Manifest } from "./manifest.js";
import type { GapPolicy } from "./segments.js";

/**
 * Both policies share a cache, since they give the same samples; a CacheError where the manifest was written under the other
 * one: recordings in segments though gaps are refused, or recordings excluded for their gaps though they are to be split.
 */
export function requireGapPolicy(
  { recordings, leftOut }: Pick<Manifest, "recordings" | "leftOut">,
  gaps: GapPolicy,
): void {
  const strangers =
    gaps === "refuse"
      ? recordings.filter(({ segments }) => segments !== undefined)
      : leftOut.filter(({ code }) => code === "discontinuous");
  const first = strangers[0];
  if (!first) return;
  const found = gaps === "refuse" ? "are kept in segments (data.gaps: split)" : "were excluded for their gaps";
  const other = gaps === "refuse" ? "split" : "refuse";
  throw new CacheError(
    `${strangers.length} recordings of the cache ${found}, e.g. ${first.id}; the configuration says data.gaps: ${gaps}. Build with it (ictal cache build), or set data.gaps: ${other}`,
    { found: other, expected: gaps },
  );
}
