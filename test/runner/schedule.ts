/** Runs jobs side by side so that two cores are always busy and never much more than busy. */

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
  const room = cores - running.reduce((sum, job) => sum + loadOf(job), 0) + 0.1; // loads are measured, not exact
  const at = waiting.findIndex((job) => loadOf(job) <= room);
  if (at >= 0) return at;
  return running.length === 0 && waiting.length > 0 ? 0 : undefined;
}

/** Run every job, the longest first; resolves when all have ended. Stops starting once `isStopped`. */
export async function runJobs<T extends Job>(
  jobs: readonly T[],
  capacity: Capacity,
  run: (job: T) => Promise<void>,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const waiting = [...jobs].sort((a, b) => b.seconds - a.seconds);
  const running = new Map<T, Promise<void>>();
  while (waiting.length > 0 || running.size > 0) {
    const at = isStopped() ? undefined : nextJob(waiting, [...running.keys()], capacity);
    if (at !== undefined) {
      const [job] = waiting.splice(at, 1) as [T]; // nextJob gives a place that is there
      running.set(
        job,
        run(job).finally(() => running.delete(job)),
      );
    } else if (running.size === 0) return;
    else await Promise.race(running.values());
  }
}
