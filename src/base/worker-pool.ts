import { Worker } from "node:worker_threads";
import { requireCounts } from "@ictal/base/options";
import { type CallPort, type ErrorCodec, type Methods, ThreadCalls } from "./thread-calls.js";

export interface WorkerPoolOptions {
  /** Module that each thread runs; it serves its methods by `ThreadCalls` on its `parentPort`. */
  readonly module: URL;
  /** Threads at most. */
  readonly threads: number;
  /** What a thread is, for messages: "worker thread ended with code 1". @default "worker thread" */
  readonly name?: string | undefined;
  /** Replace a thread that has ended at its next use; otherwise calls to it keep rejecting. @default false */
  readonly restarts?: boolean | undefined;
  /** `workerData` of each thread. */
  readonly data?: unknown;
  /** Methods that a thread may call here. */
  readonly own?: Methods | undefined;
  /** @default message and code */
  readonly errors?: ErrorCodec | undefined;
}

/** What calls to a thread reject with that has ended, crashed or never started; `cause` is its error. */
export class ThreadEndedError extends Error {
  override readonly name = "ThreadEndedError";
}

/** One started thread. It keeps the process alive only while a call to it waits for its result. */
export class PoolThread<Remote extends Methods> {
  /** Work that its users have given it and that has not ended, such as open files; `leastLoaded` goes by it. */
  load = 0;
  readonly #worker: Worker;
  readonly #calls: ThreadCalls<Remote>;
  #isClosing = false;

  constructor({ module, name = "worker thread", data, own, errors }: WorkerPoolOptions) {
    // Node's own flags of this process, such as --input-type, need not suit a thread that runs a file
    this.#worker = new Worker(module, { workerData: data, execArgv: [] });
    const port: CallPort = {
      postMessage: (message, transfer) => this.#worker.postMessage(message, transfer),
      on: (_, listener) => this.#worker.on("message", listener),
    };
    this.#calls = new ThreadCalls(port, own, errors);
    this.#worker.on("error", (cause) =>
      this.#calls.fail(new ThreadEndedError(`${name} ended: ${cause.message}`, { cause })),
    );
    this.#worker.on("exit", (code) => this.#calls.fail(new ThreadEndedError(`${name} ended with code ${code}`)));
    this.#worker.unref();
  }

  get hasEnded(): boolean {
    return this.#calls.failure !== undefined;
  }

  /** Calls a method of the thread, see `ThreadCalls.call`. */
  readonly call: ThreadCalls<Remote>["call"] = (method, argument, transfer) => {
    this.#worker.ref();
    return this.#calls.call(method, argument, transfer).finally(() => {
      if (this.#calls.pendingCount === 0 && !this.#isClosing) this.#worker.unref();
    });
  };

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#worker.ref(); // or a process with nothing else to do would end before the promise is kept
    await this.#worker.terminate();
  }
}

/** Threads that run one module, started at their first use. */
export class WorkerPool<Remote extends Methods> {
  readonly #options: WorkerPoolOptions;
  readonly #threads: (PoolThread<Remote> | undefined)[];

  constructor(options: WorkerPoolOptions) {
    requireCounts({ threads: options.threads });
    this.#options = options;
    this.#threads = new Array(options.threads).fill(undefined);
  }

  /** The threads that were started and not replaced. */
  started(): PoolThread<Remote>[] {
    return this.#threads.filter((thread) => thread !== undefined);
  }

  /** Thread number `index`, modulo their count. */
  at(index: number): PoolThread<Remote> {
    const slot = index % this.#threads.length;
    const found = this.#threads[slot];
    if (found && !(found.hasEnded && this.#options.restarts)) return found;
    const thread = new PoolThread<Remote>(this.#options);
    this.#threads[slot] = thread;
    return thread;
  }

  /** A thread without load, started if need be; when all have some, the one with least. */
  leastLoaded(): PoolThread<Remote> {
    const idle = this.#threads.findIndex((thread) => thread?.load === 0);
    if (idle >= 0) return this.at(idle);
    const free = this.#threads.indexOf(undefined);
    if (free >= 0) return this.at(free);
    return this.started().reduce((best, thread) => (thread.load < best.load ? thread : best));
  }

  /** Ends all threads; calls that wait reject with ThreadEndedError. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread?.close()));
  }
}
