import { FormatError } from "@ictal/base/errors";
import { type Event, type Interval, mergeIntervals } from "../base/events.js";

/**
 * Events as the scorers need them: sorted, disjoint, inside `[0, durationSeconds]`. Overlapping and nested events become
 * their union; touching ones stay apart. Events without a length stay too, since event lists count them (timescoring,
 * NEDC) where masks do not; inside or at the edge of another event they are part of it. Negative, reversed or NaN times
 * and events that start after the end are FormatErrors that name `source`; an end past the duration is cut.
 */
export function checkedEvents(events: readonly Interval[], durationSeconds: number, source: string): Interval[] {
  if (!(durationSeconds > 0)) throw new RangeError(`invalid durationSeconds of ${source}: ${durationSeconds}`);
  if (events.length === 0) return [];
  const kept: Interval[] = [];
  for (const [row, { startSeconds, endSeconds }] of events.entries()) {
    const eventText = `event ${row + 1} [${startSeconds}, ${endSeconds}]`;
    if (!(startSeconds >= 0) || !(endSeconds >= startSeconds)) {
      throw new FormatError(`${eventText}: expected 0 <= start <= end`, { file: source });
    }
    if (startSeconds > durationSeconds || (startSeconds === durationSeconds && endSeconds > startSeconds)) {
      throw new FormatError(`${eventText} starts after the end of the recording (${durationSeconds} s)`, {
        file: source,
      });
    }
    kept.push({ startSeconds, endSeconds: Math.min(endSeconds, durationSeconds) });
  }
  kept.sort((a, b) => a.startSeconds - b.startSeconds || a.endSeconds - b.endSeconds);
  return unionOfOverlapping(kept);
}

function unionOfOverlapping(sorted: readonly Interval[]): Interval[] {
  const out: { startSeconds: number; endSeconds: number }[] = [];
  for (const { startSeconds, endSeconds } of sorted) {
    const last = out.at(-1);
    const isPoint = startSeconds === endSeconds || last?.startSeconds === last?.endSeconds;
    if (last && (startSeconds < last.endSeconds || (isPoint && startSeconds === last.endSeconds)))
      last.endSeconds = Math.max(last.endSeconds, endSeconds);
    else out.push({ startSeconds, endSeconds });
  }
  return out;
}

/** 1 where an event covers the whole of cell `[i, i+1) * cellSeconds` by its start, both ends truncated to the grid. */
export function truncatedMask(events: readonly Interval[], cellCount: number, cellSeconds = 1): Uint8Array {
  const mask = new Uint8Array(cellCount);
  for (const { startSeconds, endSeconds } of events) {
    mask.fill(1, Math.trunc(startSeconds / cellSeconds), Math.trunc(endSeconds / cellSeconds));
  }
  return mask;
}

/** Runs of ones in a mask as intervals in seconds. */
export function maskToIntervals(mask: ArrayLike<number>, cellSeconds: number): Interval[] {
  const out: Interval[] = [];
  let start = -1;
  for (let i = 0; i <= mask.length; i++) {
    const on = i < mask.length && mask[i] === 1;
    if (on && start < 0) start = i;
    if (!on && start >= 0) {
      out.push({ startSeconds: start * cellSeconds, endSeconds: i * cellSeconds });
      start = -1;
    }
  }
  return out;
}

/** Seizure time of a list of events, overlaps counted once. */
export function seizureSeconds(events: readonly Event[]): number {
  return mergeIntervals(events).reduce((sum, { startSeconds, endSeconds }) => sum + endSeconds - startSeconds, 0);
}
