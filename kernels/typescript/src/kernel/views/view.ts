import { bundleOf, isQuiet } from "../../display.js";
import type { MimeBundle } from "../../wire/message.js";

/**
 * The bundle of a cell's last value, as `display(value)` shows it; undefined for what is not shown: undefined itself and
 * the handle of a live display. Neither throws nor rejects.
 */
export function viewOf(value: unknown): MimeBundle | undefined | Promise<MimeBundle> {
  return value === undefined || isQuiet(value) ? undefined : bundleOf(value);
}
