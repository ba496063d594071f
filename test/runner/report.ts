/** Runs test files by Node's own runner and reports them as it does, with one summary for all. */
import { once } from "node:events";
import { availableParallelism, loadavg } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { endFile } from "./leftovers.js";

/** So long a killed file has to be reported as ended. */
const GRACE_MILLISECONDS = 5000;

/**
 * Calls `end` once `seconds` have gone by, or as many times more as the machine has work for than it has cores. `timer` is what
 * runs now, in the end what `end` gives.
 */
function startLimit(seconds: number, end: (after: number) => NodeJS.Timeout): { timer: NodeJS.Timeout } {
  const started = performance.now();
  const check = () => {
    const allowed = seconds * Math.max(1, loadavg()[0]! / availableParallelism());
    const elapsed = (performance.now() - started) / 1000;
    limit.timer =
      elapsed >= allowed ? end(Math.round(elapsed)) : setTimeout(check, 1000 * Math.min(allowed - elapsed + 0.1, 30));
  };
  const limit = { timer: setTimeout(check, 1000 * seconds) };
  return limit;
}

/** The lines of Node's summary, in its order. */
const COUNTS = ["tests", "suites", "pass", "fail", "cancelled", "skipped", "todo"] as const;

type Counts = Record<(typeof COUNTS)[number], number>;

type TestEvent = { readonly type: string; readonly data: unknown };

/** A count line of one file's summary, e.g. ["pass", 3]; undefined for what a test says. */
function countIn({ type, data }: TestEvent): readonly [name: string, value: number] | undefined {
  if (type !== "test:diagnostic") return undefined;
  const { message, file } = data as { message: string; file?: string }; // the type's contract
  const found = /^([a-z_]+) ([\d.]+)$/.exec(message);
  if (!found || file !== undefined) return undefined;
  return [found[1]!, Number(found[2])];
}

/** Reports events of test files, each file's together, to standard output. */
export class Reporter {
  readonly #out = new spec();
  readonly #started = performance.now();
  readonly counts: Counts = { tests: 0, suites: 0, pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };

  constructor() {
    this.#out.pipe(process.stdout, { end: false });
  }

  /** What was stopped at its limit. */
  readonly stopped: { readonly file: string; readonly seconds: number }[] = [];

  /**
   * Run one file to its end and report it; after `limitSeconds`, more on a machine with other work, it and what it has started are
   * killed, and it has failed.
   */
  async runFile(file: string, signal: AbortSignal, limitSeconds: number): Promise<void> {
    const events: TestEvent[] = [];
    const late = new AbortController();
    const stream = run({ files: [file], concurrency: 1, signal: AbortSignal.any([signal, late.signal]) });
    stream.on("data", (event: TestEvent) => events.push(event));
    const limit = startLimit(limitSeconds, (seconds) => {
      this.stopped.push({ file, seconds });
      endFile(file);
      return setTimeout(() => late.abort(), GRACE_MILLISECONDS); // where there is no /proc
    });
    await once(stream, "end");
    clearTimeout(limit.timer);
    for (const event of events) {
      const count = countIn(event);
      if (!count) this.#out.write(event);
      else if (count[0] in this.counts) this.counts[count[0] as keyof Counts] += count[1];
    }
  }

  /** Seconds since the first file could start. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Whether nothing failed. */
  get isGood(): boolean {
    return this.counts.fail + this.counts.cancelled + this.stopped.length === 0 && this.counts.tests > 0;
  }

  /** Says `text` as a line of the report. */
  tell(text: string): void {
    this.#out.write({ type: "test:diagnostic", data: { nesting: 0, message: text } });
  }

  /** Node's closing lines over all files, what was stopped, then every failed test by name and place. */
  async close(): Promise<void> {
    for (const { file, seconds } of this.stopped) this.tell(`stopped after ${seconds} s, its limit: ${file}`);
    for (const name of COUNTS) this.tell(`${name} ${this.counts[name]}`);
    this.tell(`duration_ms ${(1000 * this.seconds).toFixed(3)}`);
    this.#out.end();
    await once(this.#out, "end");
  }
}
