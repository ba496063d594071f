import { describeFailure } from "./describe-error.mjs";

// tslab prints what no cell awaited or caught on the process's own stderr, which no front end shows. Here it becomes an
// error output of the cell whose code it was, marked as the kernel `ictal` marks it, so that a runner fails the run.

const TITLES = { rejection: "Unhandled rejection", exception: "Uncaught in a callback" };
const EVENTS = { rejection: "unhandledRejection", exception: "uncaughtException" };
const REMEMBERED = 5000; // cells whose late errors still find them

/** Watches the cells; `lines` maps their stacks and `leftovers` knows what they leave behind. */
export function watchLateErrors(lines, leftovers) {
  const publishers = new Map(); // execution count -> sends an error as output of that cell
  const requests = new WeakMap(); // content of a request -> the same
  let latest;
  let value;

  const report = (kind, thrown) => {
    const error = describeFailure([thrown], lines);
    const [first, ...rest] = error.traceback;
    const traceback = [`${TITLES[kind]}: ${first}`, ...rest];
    const named = Number(/\bcell-(\d+)\.ts:/.exec(traceback.join("\n"))?.[1]);
    const publish = publishers.get(named) ?? publishers.get(latest);
    // Where another listener takes such errors they count as handled, as in Node.
    if (!publish || process.listenerCount(EVENTS[kind]) > 1) {
      process.stderr.write(`${traceback.join("\n")}\n`);
      if (latest === undefined) process.exit(1); // no cell has run: the kernel could not start, and clients would wait for ever
      return;
    }
    const assumed = !publishers.has(named) && publishers.size > 1;
    publish({ ...error, traceback }, { ictal: { uncaught: kind, ...(assumed ? { assumed } : {}) } });
  };

  return {
    /** Tells how an error is sent for the cell that comes with such a request. */
    noteRequest(request, publish) {
      requests.set(request, publish);
    },
    startCell(count, request) {
      leftovers.begin();
      latest = count;
      value = undefined;
      publishers.set(count, requests.get(request));
      publishers.delete(count - REMEMBERED);
    },
    /** The value that the running cell ends with. */
    noteValue(last) {
      value = last;
    },
    endCell() {
      leftovers.noteEnd(latest, value);
      value = undefined;
    },
    /** Waits for what cells have left behind, and returns what has not ended. */
    settle: (graceMilliseconds) => leftovers.settle(graceMilliseconds),
    /** Runs `start`, which adds tslab's listeners for such errors, and puts those of this module in their place. */
    listenInstead(start) {
      const events = Object.entries(EVENTS);
      const before = events.map(([, event]) => process.listeners(event));
      start();
      for (const [index, [kind, event]] of events.entries()) {
        for (const added of process.listeners(event))
          if (!before[index].includes(added)) process.removeListener(event, added);
        process.on(event, (thrown) => report(kind, thrown));
      }
    },
  };
}
