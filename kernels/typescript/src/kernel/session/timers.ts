import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import { currentJob, isInJob, type JobContext } from "./job.js";
import type { SourceMaps } from "./source-maps.js";

/** Frames searched for the owner of a timer: the caller comes after a few of Node's own. */
const STACK_FRAMES = 12;
const SWEEP_SIZE = 1000;

/** Timers that cells started themselves, so that an interrupt can stop an asynchronous loop. */
export interface CellTimers {
  /** Stops the timers of one cell, or of all. */
  stop(context?: JobContext): void;
  /** Those that are still to fire and keep a process alive, with cell and line of their start. */
  pending(): { cell: number; line: number }[];
}

interface Entry {
  readonly context: JobContext;
  /** Stack frame of the start. */
  readonly frame: string;
  readonly timer: WeakRef<NodeJS.Timeout | NodeJS.Immediate>;
}

/** The nearest frame outside Node when it is a cell's; undefined for others: a library's timers are its own affair. */
function frameOfCell(): string | undefined {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = STACK_FRAMES;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  const frames = stack.split("\n").slice(1);
  const caller = frames.find(
    (frame) => !/\bnode:|[\\/]kernel[\\/]session[\\/]timers\.js|\bnew Promise \(<anonymous>\)/.test(frame),
  );
  return caller !== undefined && CELL_PLACE.test(caller) ? caller : undefined;
}

/** True while a timer is to fire and nobody has unref()ed it. */
function isAwaited(timer: NodeJS.Timeout | NodeJS.Immediate): boolean {
  const { _destroyed } = timer as { _destroyed?: boolean }; // Node sets it when the timer has fired or is cleared
  return _destroyed !== true && timer.hasRef();
}

const CELL_PLACE = /\bcell-(\d+)\.ts:(\d+)/;

type Starter = "setTimeout" | "setInterval" | "setImmediate";
const STARTERS: readonly Starter[] = ["setTimeout", "setInterval", "setImmediate"];

/**
 * Watches the timers that cells start with callbacks from now on. Those of `timers/promises` are waited for by loops,
 * which end in their own way. By proxies, not by async_hooks: a hook costs every promise, and shows in each of them.
 */
export function watchTimers(maps: Pick<SourceMaps, "mapFrame">): CellTimers {
  let entries: Entry[] = [];
  const note = (timer: NodeJS.Timeout | NodeJS.Immediate) => {
    const frame = isInJob() ? frameOfCell() : undefined;
    if (frame === undefined) return;
    if (entries.length >= SWEEP_SIZE) entries = entries.filter(({ timer: noted }) => noted.deref() !== undefined);
    entries.push({ context: currentJob(), frame, timer: new WeakRef(timer) });
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
    pending() {
      const waiting = entries.filter(({ timer }) => {
        const found = timer.deref();
        return found !== undefined && !("_onImmediate" in found) && isAwaited(found);
      });
      return waiting.map(({ frame }) => {
        const [, cell, line] = CELL_PLACE.exec(maps.mapFrame(frame))!; // frameOfCell saw it there
        return { cell: Number(cell), line: Number(line) };
      });
    },
    stop(context) {
      const [stopped, retained]: [Entry[], Entry[]] = [[], []];
      for (const entry of entries) (!context || entry.context === context ? stopped : retained).push(entry);
      entries = retained;
      for (const { timer } of stopped) {
        const found = timer.deref();
        if (!found) continue;
        if ("_onImmediate" in found) clearImmediate(found as NodeJS.Immediate);
        else clearTimeout(found as NodeJS.Timeout);
      }
    },
  };
}
