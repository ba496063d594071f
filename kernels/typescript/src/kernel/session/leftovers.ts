import { setTimeout as sleep } from "node:timers/promises";
import { inspect, types } from "node:util";
import type { Worker } from "node:worker_threads";
import type { Leftover, Leftovers } from "../threads/messages.js";
import type { CellTimers } from "./timers.js";

/** What Node calls that which keeps a process alive, in words; other names stand as they are. */
const NAMES: Readonly<Record<string, string>> = {
  Timeout: "a timer",
  Immediate: "a setImmediate callback",
  TCPSocketWrap: "a network connection",
  TCPServerWrap: "a server that listens",
  TLSWrap: "a network connection",
  UDPWrap: "a UDP socket",
  PipeWrap: "a pipe",
  PipeServerWrap: "a server that listens",
  ProcessWrap: "a child process",
  FSReqCallback: "a file operation",
  FSReqPromise: "a file operation",
  FSEventWrap: "a file watcher",
  StatWatcher: "a file watcher",
  GetAddrInfoReqWrap: "a name look-up",
  TCPConnectWrap: "a network connection",
  WriteWrap: "a write",
  MessagePort: "a message port",
};

/** Errors of threads and native work that Node does not list have at least this long to arrive. */
const QUIET_MILLISECONDS = 100;
const POLL_MILLISECONDS = 20;

/** Keeps track of what cells leave behind. */
export interface LeftoverWatch {
  /** To be called before the first cell: what is there belongs to the kernel. */
  begin(): void;
  /** Takes note of the value that a cell ended with, and of process.exitCode. */
  noteEnd(cell: number, value?: unknown): void;
  /** Waits until nothing is left or the time is up, and resolves with what is. */
  settle(graceMilliseconds: number): Promise<Leftovers>;
}

function countNames(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Worker threads of cells that keep the process alive; Node does not list them. */
function watchWorkers(): Set<Worker> {
  const alive = new Set<Worker>();
  process.on("worker", (worker: Worker) => {
    const unref = worker.unref.bind(worker);
    alive.add(worker);
    worker.unref = () => {
      alive.delete(worker);
      unref();
    };
    worker.once("exit", () => alive.delete(worker));
  });
  return alive;
}

const isPending = (promise: Promise<unknown>): boolean =>
  /\{\s+<pending>/.test(inspect(promise, { depth: 0, customInspect: false }));

export function watchLeftovers(timers: CellTimers): LeftoverWatch {
  const workers = watchWorkers();
  const promises: { readonly cell: number; readonly promise: WeakRef<Promise<unknown>> }[] = [];
  let own: Map<string, number> | undefined;
  let exitCode = process.exitCode;
  let exitCodeCell: number | undefined;

  /** Resources beyond the kernel's own, without the timers that are known better. */
  function resources(knownTimers: number): string[] {
    const counts = countNames(process.getActiveResourcesInfo());
    for (const [name, count] of own ?? []) counts.set(name, (counts.get(name) ?? 0) - count);
    counts.set("Timeout", (counts.get("Timeout") ?? 0) - knownTimers);
    return [...counts].filter(([, count]) => count > 0).map(([name]) => NAMES[name] ?? name);
  }

  function pending(): Leftover[] {
    const known = timers.pending();
    const open = promises.filter(({ promise }) => {
      const found = promise.deref();
      return found !== undefined && isPending(found);
    });
    const threads: Leftover[] = workers.size > 0 ? [{ what: "a worker thread" }] : [];
    return [
      ...open.map(({ cell }) => ({ what: "a promise", cell })),
      ...known.map(({ cell, line }) => ({ what: "a timer", cell, line })),
      ...[...new Set(resources(known.length))].map((what) => ({ what })),
      ...threads,
    ];
  }

  return {
    begin() {
      if (own) return;
      workers.clear(); // the kernel's own: Node reports each a turn late
      own = countNames(process.getActiveResourcesInfo());
    },
    noteEnd(cell, value) {
      if (types.isPromise(value)) promises.push({ cell, promise: new WeakRef(value) });
      if (process.exitCode === exitCode) return;
      exitCode = process.exitCode;
      exitCodeCell = cell;
    },
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
