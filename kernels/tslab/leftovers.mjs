import { setTimeout as sleep } from "node:timers/promises";
import { inspect, types } from "node:util";

// The kernel `ictal` has its own, kernels/typescript/src/kernel/session/leftovers.ts, which knows more. tslab starts although the
// project does not compile, so that nothing compiled can be used here.

/** What Node calls that which keeps a process alive, in words; other names stand as they are. */
const NAMES = {
  Timeout: "a timer",
  ProcessWrap: "a child process",
  TCPSocketWrap: "a network connection",
  TCPServerWrap: "a server that listens",
  TLSWrap: "a network connection",
  FSReqPromise: "a file operation",
  FSReqCallback: "a file operation",
};

/** What tslab's compiler watches with each import, and so never comes to an end. */
const OF_COMPILER = new Set(["FSEventWrap", "StatWatcher"]);

/** Errors of threads and native work that Node does not list have at least this long to arrive. */
const QUIET_MILLISECONDS = 100;
const POLL_MILLISECONDS = 20;

function countResources() {
  const counts = new Map();
  for (const name of process.getActiveResourcesInfo())
    if (!OF_COMPILER.has(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

const isPending = (promise) => /\{\s+<pending>/.test(inspect(promise, { depth: 0, customInspect: false }));

/** Worker threads that cells have started and that are not at their end. */
function watchWorkers() {
  const alive = new Set();
  process.on("worker", (worker) => {
    alive.add(worker);
    worker.once("exit", () => alive.delete(worker));
  });
  return alive;
}

/** Keeps track of what cells leave behind. */
export function watchLeftovers() {
  void [process.stdout, process.stderr]; // made on first use, which must not count as a cell's
  const workers = watchWorkers();
  const promises = [];
  let own;
  let { exitCode } = process;
  let exitCodeCell;

  const pending = () => {
    const open = promises.filter(({ promise }) => isPending(promise.deref() ?? null));
    const names = [...countResources()].filter(([name, count]) => count > (own?.get(name) ?? 0));
    return [
      ...open.map(({ cell }) => ({ what: "a promise", cell })),
      ...names.map(([name]) => ({ what: NAMES[name] ?? name })),
      ...(workers.size > 0 ? [{ what: "a worker thread" }] : []),
    ];
  };

  return {
    /** To be called before each cell: what is there before the first one belongs to the kernel. */
    begin() {
      if (own) return;
      workers.clear();
      own = countResources();
    },
    /** Takes note of the value that a cell ended with, and of process.exitCode. */
    noteEnd(cell, value) {
      if (types.isPromise(value)) promises.push({ cell, promise: new WeakRef(value) });
      if (process.exitCode !== exitCode) exitCodeCell = cell;
      exitCode = process.exitCode;
    },
    /** Waits until nothing is left or the time is up, and resolves with what is. */
    async settle(graceMilliseconds) {
      const started = performance.now();
      const elapsed = () => performance.now() - started;
      // This very timer is not in the list while it is looked at: it has fired.
      do await sleep(Math.min(POLL_MILLISECONDS, Math.max(graceMilliseconds, 1)));
      while (elapsed() < graceMilliseconds && (elapsed() < QUIET_MILLISECONDS || pending().length > 0));
      const code = Number(process.exitCode ?? 0);
      return { pending: pending(), exitCode: code === 0 ? undefined : code, exitCodeCell };
    },
  };
}
