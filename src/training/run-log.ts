import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { removeLeavings, writeFileAtomic } from "../base/atomic-file.js";

/** One JSON object per line; every entry carries the step it belongs to. */
export type LogEntry = { readonly step: number } & Readonly<Record<string, unknown>>;

/** Read a log; a last line cut short by a crash is passed over. */
export function readRunLog(path: string): LogEntry[] {
  if (!existsSync(path)) return [];
  const entries: LogEntry[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    try {
      if (line !== "") entries.push(JSON.parse(line) as LogEntry);
    } catch {
      break;
    }
  }
  return entries;
}

export interface RunLog {
  append(entry: LogEntry): void;
}

/**
 * Open a log for appending from `step` on: entries of later steps, written by a run that was killed after its last
 * checkpoint, are dropped, since those steps are run again.
 */
export async function openRunLog(path: string, step: number): Promise<RunLog> {
  mkdirSync(dirname(path), { recursive: true });
  await removeLeavings(path);
  const kept = readRunLog(path).filter((entry) => entry.step <= step);
  await writeFileAtomic(path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  return { append: (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`) };
}
