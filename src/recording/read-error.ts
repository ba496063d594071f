import { isIctalError } from "@ictal/base/errors";
import type { Finding } from "./finding.js";

/** Error codes of the file system that concern one file. */
const FILE_ERROR_CODES: ReadonlySet<string> = new Set(["EACCES", "EPERM", "ENOENT", "EISDIR", "EIO", "ELOOP"]);

/** The finding for an annotation file that cannot be read; errors that are not about the file are rethrown. */
export function annotationReadError(file: string, error: unknown): Finding {
  const unread = { file, severity: "error" as const };
  if (isIctalError(error, "FormatError")) {
    const { line, field } = error.place;
    const place = line === undefined ? unread : { ...unread, line };
    const message = withoutLocation(error.message, error.place.file, line);
    if (field === "label" || field === "eventType")
      return { ...place, code: "unknown-label", message, action: `correct the label; ${UNTIL_THEN}` };
    const code = field === "columns" ? "not-annotations" : "unreadable";
    return { ...place, code, message, action: `repair the file or download it again; ${UNTIL_THEN}` };
  }
  if (!FILE_ERROR_CODES.has((error as NodeJS.ErrnoException).code ?? "") && !isIctalError(error, "NotFoundError"))
    throw error;
  const { message } = error as Error; // of the file system, or ours
  return { ...unread, code: "unreadable", message, action: `make the file readable; ${UNTIL_THEN}` };
}

const UNTIL_THEN = "until then the labels of the recording are unknown";

/** The message without its `file:line: `, which the finding has as fields. */
function withoutLocation(message: string, file: string, line: number | undefined): string {
  const place = `${file}${line === undefined ? "" : `:${line}`}: `;
  return message.startsWith(place) ? message.slice(place.length) : message;
}
