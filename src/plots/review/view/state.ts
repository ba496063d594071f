import type { Interval } from "../../../base/events.js";
import type { ViewFilters } from "./filters.js";
import type { MontageName } from "./montages.js";

/** What a reader sees; every control and key makes the next state from the one before. */
export interface ViewState extends ViewFilters {
  /** Left edge of the page. */
  readonly startSeconds: number;
  readonly pageSeconds: number;
  /** Where the reader is: what next and previous start from. */
  readonly cursorSeconds: number;
  readonly microvoltsPerMillimetre: number;
  readonly montage: MontageName;
  readonly pixelsPerMillimetre: number;
}

/** Position of an event after a jump, as a share of the page, so that the time before it is visible. */
const LEAD_IN = 0.3;

/** The page that starts at a time, kept inside the recording; a recording shorter than the page starts at 0. */
export function startingAt(state: ViewState, startSeconds: number, durationSeconds: number): ViewState {
  const start = Math.max(0, Math.min(startSeconds, durationSeconds - state.pageSeconds));
  return { ...state, startSeconds: start, cursorSeconds: start + LEAD_IN * state.pageSeconds };
}

/** The page on which `seconds` is the place of interest. */
export function centredOn(state: ViewState, seconds: number, durationSeconds: number): ViewState {
  const page = startingAt(state, seconds - LEAD_IN * state.pageSeconds, durationSeconds);
  return { ...page, cursorSeconds: seconds };
}

/** Another page length around the same place. */
export function withPage(state: ViewState, pageSeconds: number, durationSeconds: number): ViewState {
  return centredOn({ ...state, pageSeconds }, state.cursorSeconds, durationSeconds);
}

/** The place of the first event after the cursor, or the last before it, in a list sorted by start; -1 for none. */
export function nextEvent(events: readonly Interval[], cursorSeconds: number, direction: 1 | -1): number {
  const tolerance = 1e-6;
  if (direction > 0) return events.findIndex(({ startSeconds }) => startSeconds > cursorSeconds + tolerance);
  const before = events.filter(({ startSeconds }) => startSeconds < cursorSeconds - tolerance);
  return before.length - 1;
}
