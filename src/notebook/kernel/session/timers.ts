import { createHook } from "node:async_hooks";
import { currentJob, isInJob, type JobContext } from "./job.js";

/** Frames looked at to tell whose timer it is: the caller comes after a few of Node's own. */
const STACK_FRAMES = 12;
const SWEEP_SIZE = 1000;

/** Timers that cells started themselves, so that an interrupt can stop an asynchronous loop. */
export interface CellTimers {
  /** Stops the timers of one cell, or of all. */
  stop(context?: JobContext): void;
}

interface Entry {
  readonly context: JobContext;
  readonly timer: WeakRef<NodeJS.Timeout | NodeJS.Immediate>;
}

/** True when the nearest code outside Node belongs to a cell: a library's timers are the library's affair. */
function isStartedByCell(): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_FRAMES;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const frames = stack.split("\n").slice(1);
  const caller = frames.find(
    (frame) => !/\bnode:|[\\/]kernel[\\/]session[\\/]timers\.js|\bnew Promise \(<anonymous>\)/.test(frame),
  );
  return caller !== undefined && /\bcell-\d+\.ts:/.test(caller);
}

/** Watches timers from now on, those of `timers/promises` too. */
export function watchTimers(): CellTimers {
  let entries: Entry[] = [];
  createHook({
    init(_id, type, _trigger, resource) {
      if ((type !== "Timeout" && type !== "Immediate") || !isInJob() || !isStartedByCell()) return;
      if (entries.length >= SWEEP_SIZE) entries = entries.filter(({ timer }) => timer.deref() !== undefined);
      entries.push({ context: currentJob(), timer: new WeakRef(resource as NodeJS.Timeout) });
    },
  }).enable();
  return {
    stop(context) {
      const [stopped, kept]: [Entry[], Entry[]] = [[], []];
      for (const entry of entries) (!context || entry.context === context ? stopped : kept).push(entry);
      entries = kept;
      for (const { timer } of stopped) {
        const found = timer.deref();
        if (!found) continue;
        if ("_onImmediate" in found) clearImmediate(found as NodeJS.Immediate);
        else clearTimeout(found as NodeJS.Timeout);
      }
    },
  };
}
