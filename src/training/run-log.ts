import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { removeStaleTemporaryFiles, writeFileAtomic } from "@ictal/base/atomic-file";

/** One JSON object per line; every entry carries the step it belongs to. */
export type LogEntry = { readonly step: number } & Readonly<Record<string, unknown>>;

/** An entry from a line; undefined for one that was cut short by a crash or a full disk, or is not an entry. */
function entryOf(line: string): LogEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const isEntry = typeof value === "object" && value !== null && "step" in value && Number.isSafeInteger(value.step);
  return isEntry ? (value as LogEntry) : undefined; // looked at above
}

/** Read a log; lines that are no entries are skipped. */
export function readRunLog(path: string): LogEntry[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => entryOf(line) ?? []);
}

export interface RunLog {
  append(entry: LogEntry): void;
}

/**
 * Open a log for appending from `step` on: entries of later steps, written by a run that was killed after its last
 * checkpoint, are dropped, since those steps are run again; so is a validation of `step` that has to be repeated,
 * as `isValidationPending` says.
 */
export async function openRunLog(path: string, step: number, isValidationPending = false): Promise<RunLog> {
  await removeStaleTemporaryFiles(path);
  const isRepeated = (entry: LogEntry) => isValidationPending && entry.step === step && entry.kind === "validation";
  const kept = readRunLog(path).filter((entry) => entry.step <= step && !isRepeated(entry));
  await writeFileAtomic(path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  return { append: (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`) };
}

/** Runs optional writes: a failure, e.g. of a full disk, is reported once and does not end the run. */
export function ignoreWriteErrors(report: (text: string) => void): (write: () => void) => void {
  let isReported = false;
  return (write) => {
    try {
      write();
    } catch (error) {
      if (!isReported)
        report(
          `the run's log could not be written (${(error as Error).message}); training continues, entries are missing`,
        );
      isReported = true;
    }
  };
}
