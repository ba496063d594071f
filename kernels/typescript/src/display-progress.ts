import type { Progress, ProgressUpdate } from "@ictal/base/progress";
import { DISPLAY, type DisplayHandle, liveDisplay } from "./display.js";
import { progressBundle } from "./views/progress.js";

const INTERVAL_MILLISECONDS = 200;

/** A progress bar in a cell's output that changes in place, at most five times a second. */
export function createDisplayProgress(): Progress {
  const started = performance.now();
  let shownAt = Number.NEGATIVE_INFINITY;
  let handle: DisplayHandle | undefined;
  let last: ProgressUpdate | undefined;
  const show = (update: ProgressUpdate) => {
    const seconds = (performance.now() - started) / 1000;
    const shown = { [DISPLAY]: () => progressBundle(update, seconds) };
    if (handle) handle.update(shown);
    else handle = liveDisplay(shown);
    shownAt = performance.now();
  };
  return {
    update(update) {
      last = update;
      if (performance.now() - shownAt >= INTERVAL_MILLISECONDS) show(update);
    },
    finish(note) {
      if (last) show(note === undefined ? last : { ...last, note });
    },
  };
}
