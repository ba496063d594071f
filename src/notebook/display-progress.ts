import { escapeHtml } from "../base/html.js";
import { formatProgress, type Progress, type ProgressUpdate } from "../base/progress.js";
import { type DisplayHandle, liveDisplay } from "./display.js";

const INTERVAL_MILLISECONDS = 200;

/** A progress bar in a cell's output that changes in place, at most five times a second. */
export function createDisplayProgress(): Progress {
  const started = performance.now();
  let shownAt = Number.NEGATIVE_INFINITY;
  let handle: DisplayHandle | undefined;
  let last: ProgressUpdate | undefined;
  const show = (update: ProgressUpdate) => {
    const seconds = (performance.now() - started) / 1000;
    const text = formatProgress(update, seconds);
    const value = update.total === undefined ? "" : ` value="${update.done}" max="${update.total}"`;
    const html = `<progress${value} style="width:16em;vertical-align:middle"></progress> <span>${escapeHtml(text)}</span>`;
    const shown = { [Symbol.for("Jupyter.display")]: () => ({ "text/html": html, "text/plain": text }) };
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
