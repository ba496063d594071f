import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
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

type Starter = "setTimeout" | "setInterval" | "setImmediate";
const STARTERS: readonly Starter[] = ["setTimeout", "setInterval", "setImmediate"];

/**
 * Watches the timers that cells start with callbacks from now on. Those of `timers/promises` are waited for by loops,
 * which end in their own way. By proxies, not by async_hooks: a hook costs every promise, and shows in each of them.
 */
export function watchTimers(): CellTimers {
  let entries: Entry[] = [];
  const note = (timer: NodeJS.Timeout | NodeJS.Immediate) => {
    if (!isInJob() || !isStartedByCell()) return;
    if (entries.length >= SWEEP_SIZE) entries = entries.filter(({ timer: noted }) => noted.deref() !== undefined);
    entries.push({ context: currentJob(), timer: new WeakRef(timer) });
  };
  const watched = (start: (...args: never[]) => NodeJS.Timeout | NodeJS.Immediate) =>
    new Proxy(start, {
      apply(target, self, args: never[]) {
        const timer = Reflect.apply(target, self, args);
        note(timer);
        return timer;
      },
    });
  for (const name of STARTERS) {
    const proxy = watched(timers[name] as Parameters<typeof watched>[0]);
    Object.assign(timers, { [name]: proxy });
    Object.assign(globalThis, { [name]: proxy });
  }
  syncBuiltinESMExports();
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
