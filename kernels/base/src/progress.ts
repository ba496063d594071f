import { requireNumber } from "./options.js";
import { noteStep } from "./pending.js";
import { printable } from "./printable.js";

/** One report of a long task; `total` undefined means unknown. */
export interface ProgressUpdate {
  readonly label: string;
  readonly done: number;
  readonly total?: number;
  /** Unit of `done`, e.g. "MB", "recordings". */
  readonly unit: string;
  readonly note?: string;
}

/** Receives updates; `finish` closes the line. Safe to call often: the reporter limits its own rate. */
export interface Progress {
  update(update: ProgressUpdate): void;
  finish(note?: string): void;
}

/** A reporter that prints nothing. */
export const silentProgress: Progress = { update() {}, finish() {} };

export interface ProgressOptions {
  /** Where text goes. @default process.stderr */
  readonly stream?: { write(text: string): unknown | undefined; isTTY?: boolean };
  /**
   * "bar" redraws one line by carriage return (terminals, notebooks); "lines" prints a line now and then (logs).
   * @default "bar" on a terminal, else "lines"
   */
  readonly style?: "bar" | "lines" | undefined;
  /** Shortest time between two prints. @default 100 ms for bars, 10 s for lines */
  readonly intervalMilliseconds?: number | undefined;
}

/** Seconds as m:ss, or h:mm:ss from an hour on. */
export function clockText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Units in a second, or seconds for one of what is counted (steps, recordings) where it takes longer. */
function rateText(rate: number, unit: string): string {
  const digits = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(1));
  const isSlow = rate < 1 && unit.endsWith("s");
  return isSlow ? `${digits(1 / rate)} s/${unit.slice(0, -1)}` : `${digits(rate)} ${unit}/s`;
}

/** One line of text for an update, with rate and time left from `elapsedSeconds`. */
export function formatProgress(update: ProgressUpdate, elapsedSeconds: number): string {
  const amount = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(1));
  const { label, done, total, unit, note } = update;
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : 0;
  const parts = [`${label} ${amount(done)}${total === undefined ? "" : `/${amount(total)}`} ${unit}`];
  if (total !== undefined && total > 0) parts.push(`${Math.floor((100 * done) / total)} %`);
  if (rate > 0) parts.push(rateText(rate, unit));
  const showsRemaining = total !== undefined && done < total && done >= total / 200; // the first bytes would promise weeks
  if (rate > 0 && showsRemaining) parts.push(`${clockText((total - done) / rate)} left`);
  if (note) parts.push(note);
  return parts.join(" | ");
}

/** A reporter for people: a live bar on a terminal or in a notebook, plain lines in a log. */
export function createProgress(options: ProgressOptions = {}): Progress {
  const stream = options.stream ?? process.stderr;
  const style = options.style ?? (stream.isTTY ? "bar" : "lines");
  const interval = options.intervalMilliseconds ?? (style === "bar" ? 100 : 10_000);
  const started = performance.now();
  requireNumber("intervalMilliseconds", interval, { least: 0, mayBeInfinite: true });
  let printedAt = Number.NEGATIVE_INFINITY;
  let last: ProgressUpdate | undefined;
  let width = 0;
  const print = (line: string, end: string) => {
    const text = printable(line); // labels and notes name files
    if (style === "bar") stream.write(`\r${text.padEnd(width)}${end}`);
    else stream.write(`${text}\n`);
    width = Math.max(width, text.length);
    printedAt = performance.now();
  };
  const describeStep = () => (last ? formatProgress(last, (performance.now() - started) / 1000) : "none");
  return {
    update(update) {
      last = update;
      noteStep(describeStep);
      if (performance.now() - printedAt >= interval)
        print(formatProgress(update, (performance.now() - started) / 1000), "");
    },
    finish(note) {
      const seconds = (performance.now() - started) / 1000;
      if (last) print(`${formatProgress(note ? { ...last, note } : last, seconds)} | ${seconds.toFixed(1)} s`, "\n");
    },
  };
}
