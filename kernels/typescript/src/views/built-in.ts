import type { MimeBundle } from "../wire/message.js";
import { bytesView } from "./bytes.js";
import { errorView } from "./error.js";
import { cutText, wellFormed } from "./format-value.js";
import { functionView } from "./function.js";
import { inspectText } from "./inspect-text.js";
import { laterView } from "./later.js";
import { mapView } from "./map.js";
import { progressView } from "./progress.js";
import { recordsView } from "./records.js";
import { tensorView } from "./tensor.js";
import { numbersView, typedArrayView } from "./typed-array.js";

const MOST_CHARACTERS = 100_000;

/** Asked in this order; the first that knows the value shows it. */
const VIEWS: readonly ((value: unknown) => MimeBundle | Promise<MimeBundle> | undefined)[] = [
  errorView,
  bytesView,
  typedArrayView,
  numbersView,
  tensorView,
  mapView,
  recordsView,
  functionView,
  progressView,
  laterView,
];

const asText = (value: unknown): MimeBundle => ({ "text/plain": cutText(inspectText(value), MOST_CHARACTERS) });

/**
 * How a value without a display of its own is shown: by the view for its kind, else as Node prints it. Strings are shown
 * as they are. Never throws, never calls a getter that it was not made for, and reads no more of a large value than it shows.
 */
export function builtInBundle(value: unknown): MimeBundle | Promise<MimeBundle> {
  if (typeof value === "string") return { "text/plain": wellFormed(cutText(value, MOST_CHARACTERS)) };
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return asText(value);
  try {
    for (const view of VIEWS) {
      const bundle = view(value);
      if (bundle) return bundle;
    }
  } catch {
    // a getter or a proxy of the value threw; Node's inspection calls none
  }
  return asText(value);
}
