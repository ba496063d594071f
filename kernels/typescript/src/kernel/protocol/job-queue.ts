import type { Message } from "../../wire/message.js";

/** A message that needs the main thread. */
export interface Job {
  readonly number: number;
  readonly message: Message;
  readonly isCell: boolean;
}

/** What waits for the main thread: one job at a time, in the order of arrival. */
export interface JobQueue {
  add(message: Message, isCell: boolean): void;
  /** The job that runs now. */
  readonly running: Job | undefined;
  /** Ends the running job and starts the next. */
  finish(): void;
  /** Takes every waiting cell out of the queue. */
  takeCells(): Job[];
  /** True when a cell waits or runs. */
  readonly hasWork: boolean;
  /** No job starts until `until` settles. */
  hold(until: Promise<void>): void;
}

/** Numbers jobs from 1 and hands each to `start` when the one before has finished. */
export function createJobQueue(start: (job: Job) => void): JobQueue {
  const waiting: Job[] = [];
  let running: Job | undefined;
  let holds = 0;
  let count = 0;
  const next = () => {
    if (running || holds > 0) return;
    running = waiting.shift();
    if (running) start(running);
  };
  return {
    add(message, isCell) {
      count += 1;
      waiting.push({ number: count, message, isCell });
      next();
    },
    get running() {
      return running;
    },
    finish() {
      running = undefined;
      next();
    },
    takeCells() {
      const cells = waiting.filter((job) => job.isCell);
      const others = waiting.filter((job) => !job.isCell);
      waiting.splice(0, waiting.length, ...others);
      return cells;
    },
    get hasWork() {
      return running !== undefined || waiting.length > 0;
    },
    hold(until) {
      holds += 1;
      const release = () => {
        holds -= 1;
        next();
      };
      until.then(release, release);
    },
  };
}
