import { escapeHtml } from "@ictal/base/html";
import { formatProgress, type ProgressUpdate } from "@ictal/base/progress";
import type { MimeBundle } from "../wire/message.js";
import { plainText } from "./format-value.js";
import { member } from "./member.js";

/** A bar and a line of text for one report of a long task; with `elapsedSeconds` also its rate and the time left. */
export function progressBundle(update: ProgressUpdate, elapsedSeconds = 0): MimeBundle {
  const text = formatProgress(update, elapsedSeconds);
  const place = update.total === undefined ? "" : ` value="${Number(update.done)}" max="${Number(update.total)}"`;
  const label = escapeHtml(plainText(update.label));
  const html = `<progress${place} aria-label="${label}" style="width:16em;vertical-align:middle"></progress> <span>${escapeHtml(plainText(text))}</span>`;
  return { "text/html": html, "text/plain": text };
}

/** A ProgressUpdate as a value: label, done, unit and, if known, total. Undefined for anything else. */
export function progressView(value: unknown): MimeBundle | undefined {
  const texts = typeof member(value, "label") === "string" && typeof member(value, "unit") === "string";
  const total = member(value, "total");
  if (!texts || typeof member(value, "done") !== "number") return undefined;
  if (total !== undefined && typeof total !== "number") return undefined;
  return progressBundle(value as ProgressUpdate);
}
