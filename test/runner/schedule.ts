/** Runs jobs side by side so that all cores are always busy and never much more than busy. */
import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** A job with its seconds; `load` is how many cores it keeps busy, 0 for one that only waits. */
export interface Job {
  readonly seconds: number;
  readonly load: number;
}

export interface Capacity {
  /** Cores. */
  readonly cores: number;
  /** Most jobs at a time, however little they do. */
  readonly lanes: number;
}

/** A job that only waits has some load all the same: it starts processes. */
const LEAST_LOAD = 0.15;

/** More load than there are cores: a load is an average, and where one job waits another works. */
const OVERLOAD = 0.4;

const loadOf = (job: Job): number => Math.max(LEAST_LOAD, job.load);

/**
 * The place in `waiting`, which is sorted, of the job to start beside `running`: the first that the cores have room for; none
 * (undefined) when there is no room. A job that is larger than the machine runs alone.
 */
export function nextJob(
  waiting: readonly Job[],
  running: readonly Job[],
  { cores, lanes }: Capacity,
): number | undefined {
  if (running.length >= lanes) return undefined;
  const room = cores - running.reduce((sum, job) => sum + loadOf(job), 0) + OVERLOAD;
  const at = waiting.findIndex((job) => loadOf(job) <= room);
  if (at >= 0) return at;
  return running.length === 0 && waiting.length > 0 ? 0 : undefined;
}

/** Processor time of the machine, in milliseconds. */
export interface ProcessorTimes {
  readonly idle: number;
  readonly total: number;
}

function processorTimes(): ProcessorTimes {
  const sums = { idle: 0, total: 0 };
  for (const { times } of cpus()) {
    sums.idle += times.idle;
    sums.total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return sums;
}

/** Gives the number of cores that were idle since the call before. */
export function idleCoresMeter(read: () => ProcessorTimes = processorTimes, cores = cpus().length): () => number {
  let last = read();
  return () => {
    const now = read();
    const total = now.total - last.total;
    const idle = total > 0 ? (cores * (now.idle - last.idle)) / total : 0;
    last = now;
    return idle;
  };
}

export interface RunJobsOptions {
  /** No further job starts once this is true. */
  readonly isStopped?: () => boolean;
  /** Cores that were idle since the call before; without it the jobs' own loads alone decide. */
  readonly idleCores?: () => number;
  readonly pollMilliseconds?: number;
}

/** As many idle cores start one more job, whatever the table of durations says of the running ones. */
const IDLE_CORES = 0.35;

/**
 * Run every job, the longest first; resolves when all have ended. A job starts when the loads of the running ones leave room for it,
 * or when the machine was partly idle for a whole poll: a load is an average, and a test may wait in between.
 */
export async function runJobs<T extends Job>(
  jobs: readonly T[],
  capacity: Capacity,
  run: (job: T) => Promise<void>,
  { isStopped = () => false, idleCores, pollMilliseconds = 1000 }: RunJobsOptions = {},
): Promise<void> {
  const waiting = [...jobs].sort((a, b) => b.seconds - a.seconds);
  const running = new Map<T, Promise<void>>();
  const next = (isIdle: boolean): number | undefined => {
    if (isStopped() || waiting.length === 0) return undefined;
    const at = nextJob(waiting, [...running.keys()], capacity);
    return at ?? (isIdle && running.size < capacity.lanes ? 0 : undefined);
  };
  const start = (at: number | undefined): boolean => {
    const [job] = at === undefined ? [] : waiting.splice(at, 1);
    if (!job) return false;
    const done = run(job).finally(() => running.delete(job));
    running.set(job, done);
    return true;
  };
  for (;;) {
    while (start(next(false)));
    if (running.size === 0) return;
    const ended = Promise.race(running.values());
    if (!idleCores) {
      await ended;
      continue;
    }
    const poll = new AbortController();
    const polled = sleep(pollMilliseconds, "polled", { signal: poll.signal }).catch(() => undefined);
    if ((await Promise.race([ended, polled])) === "polled") start(next(idleCores() >= IDLE_CORES));
    poll.abort();
  }
}
