import type { MimeBundle } from "../wire/message.js";

/** What the payload of an execute_reply holds for a front end's pager, e.g. help on a name. */
export function pagesOf(payload: unknown): MimeBundle[] {
  if (!Array.isArray(payload)) return [];
  return payload.flatMap((entry: unknown) => {
    const { source, data } = (entry ?? {}) as { source?: unknown; data?: unknown }; // compared below
    return source === "page" && typeof data === "object" && data !== null ? [data as MimeBundle] : [];
  });
}
