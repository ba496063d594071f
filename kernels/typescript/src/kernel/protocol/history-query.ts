import type { HistoryEntry, HistoryRequest } from "../../wire/message.js";

/** One cell of the history; sessions and lines count from 1. */
export interface HistoryRecord {
  readonly session: number;
  readonly line: number;
  readonly source: string;
  readonly output?: string | undefined;
}

/** Turns a shell pattern (`*`, `?`, `[abc]`, `[!abc]`) into a regular expression for the whole text. */
export function globToRegExp(pattern: string): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const parts = pattern.match(/\*+|\?|\[!?\]?[^\]]*\]|[\s\S]/g) ?? [];
  const translated = parts.map((part) => {
    if (part.startsWith("*")) return "[\\s\\S]*?";
    if (part === "?") return "[\\s\\S]";
    if (part.length < 2) return literal(part);
    const negated = part.startsWith("[!");
    const members = part.slice(negated ? 2 : 1, -1).replace(/[\\\]^]/g, "\\$&");
    return `[${negated ? "^" : ""}${members}]`;
  });
  return new RegExp(`^${translated.join("")}$`, "u");
}

/** The last record of each source, in the order of their last appearance. */
function lastOfEach(records: readonly HistoryRecord[]): HistoryRecord[] {
  const bySource = new Map<string, HistoryRecord>();
  for (const record of records) {
    bySource.delete(record.source);
    bySource.set(record.source, record);
  }
  return [...bySource.values()];
}

function ofRange(records: readonly HistoryRecord[], current: number, request: HistoryRequest): HistoryRecord[] {
  const asked = request.session ?? 0;
  const session = asked > 0 ? asked : current + asked;
  const { start = 0, stop = Number.POSITIVE_INFINITY } = request;
  return records.filter(
    (record) => record.session === session && record.line >= start && record.line < (stop ?? Infinity),
  );
}

/** The records that a history request asks for, oldest first. `current` is the number of the running session. */
export function queryHistory(
  records: readonly HistoryRecord[],
  current: number,
  request: HistoryRequest,
): HistoryEntry[] {
  let found: HistoryRecord[];
  if (request.hist_access_type === "range") found = ofRange(records, current, request);
  else {
    const pattern = request.hist_access_type === "search" ? globToRegExp(request.pattern ?? "*") : undefined;
    found = pattern ? records.filter((record) => pattern.test(record.source)) : [...records];
    if (pattern && request.unique) found = lastOfEach(found);
    if (request.n !== undefined && request.n !== null) found = request.n > 0 ? found.slice(-request.n) : [];
  }
  return found.map(({ session, line, source, output }) => [
    session,
    line,
    request.output ? [source, output ?? null] : source,
  ]);
}
