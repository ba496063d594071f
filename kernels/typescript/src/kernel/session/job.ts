import { AsyncLocalStorage } from "node:async_hooks";
import type { MimeBundle } from "../../wire/message.js";

/** What the code of one cell, or of one comm message, runs in; also when it runs on after the cell has ended. */
export interface JobContext {
  /** Number under which output finds its cell. */
  readonly job: number;
  /** Number in `cell-N.ts`; 0 for comm messages. */
  readonly cell: number;
  readonly allowStdin: boolean;
  /** Aborted when the cell is interrupted. */
  readonly controller: AbortController;
  /** True once the code has asked for its signal, and so may end by itself when that is aborted. */
  usesSignal?: boolean;
  /** When its asynchronous loops were asked to end; by `performance.now()`. */
  stoppedAt?: number;
  /** Texts for the front end's pager, JSON-safe. */
  pages?: MimeBundle[];
  /** True once the reply is out. */
  ended: boolean;
}

const storage = new AsyncLocalStorage<JobContext>();
const none: JobContext = { job: 0, cell: 0, allowStdin: false, controller: new AbortController(), ended: true };
let latest = none;

/** Cells whose job is remembered. */
const REMEMBERED = 5000;
const jobs = new Map<number, number>();

/** Runs `work` as part of `context`; everything it starts belongs to it as well. */
export function runInJob<T>(context: JobContext, work: () => T): T {
  if (context.cell > 0) {
    latest = context;
    jobs.set(context.cell, context.job);
    if (jobs.size > REMEMBERED) jobs.delete(jobs.keys().next().value!); // there is one: the size says so
  }
  return storage.run(context, work);
}

/** Whose code runs now; code of unknown origin counts to the latest cell. */
export function currentJob(): JobContext {
  return storage.getStore() ?? latest;
}

/** The job of the cell `cell-N.ts`; undefined for one that is forgotten. */
export function jobOfCell(cell: number): number | undefined {
  return jobs.get(cell);
}

/** True when the code that runs now is known to belong to some cell. */
export function isInJob(): boolean {
  return storage.getStore() !== undefined;
}
