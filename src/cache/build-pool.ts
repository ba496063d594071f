import { onAbort } from "@ictal/base/on-abort";
import { requireShared, transferableCopy } from "../base/shared-bytes.js";
import { Moved } from "../base/thread-calls.js";
import { ThreadEndedError, WorkerPool } from "../base/worker-pool.js";
import type { JobPorts, RecordingJob } from "./build-recording.js";
import { ExclusionError } from "./exclusion.js";
import { machineStop } from "./machine-stop.js";
import type { Sidecar } from "./sidecar.js";
import { BUILD_ERRORS, type MainMethods, type WorkerMethods } from "./worker-protocol.js";

/** Jobs that one thread has at a time: one computes while the other waits for its bytes. */
export const JOBS_PER_WORKER = 2;

/**
 * Worker threads of a build; a thread starts with its first job, and its crash fails the jobs it had. `signal` stops the
 * jobs between two blocks.
 */
export class BuildPool {
  /** How many jobs can be given at a time. */
  readonly lanes: number;
  readonly #pool: WorkerPool<WorkerMethods>;
  readonly #ports = new Map<number, JobPorts>();
  readonly #removeListener: () => void;
  #jobCount = 0;

  constructor(workers: number, signal?: AbortSignal) {
    this.lanes = workers * JOBS_PER_WORKER;
    this.#pool = new WorkerPool({
      module: new URL("./build-worker.js", import.meta.url),
      threads: workers,
      restarts: true,
      name: "its worker thread",
      own: this.#methods(),
      errors: BUILD_ERRORS,
    });
    this.#removeListener = onAbort(signal, () => {
      for (const thread of this.#pool.started()) thread.call("abort", undefined).catch(() => undefined); // it has ended
    });
  }

  /** Builds one recording in the thread of `lane`; errors as `buildRecording`. */
  async run(lane: number, recording: RecordingJob, ports: JobPorts): Promise<Sidecar> {
    const job = this.#jobCount++;
    this.#ports.set(job, ports);
    try {
      return await this.#pool.at(lane).call("build", { job, recording });
    } catch (error) {
      if (!(error instanceof ThreadEndedError)) throw error;
      throw machineStop(error) ?? new ExclusionError("worker-crashed", `${error.message}; run again`);
    } finally {
      this.#ports.delete(job);
    }
  }

  async close(): Promise<void> {
    this.#removeListener();
    await this.#pool.close();
  }

  #methods(): MainMethods {
    return {
      labels: ({ job, durationSeconds }) => this.#portsOf(job).readLabels(durationSeconds),
      fill: ({ job, start, out }) => this.#portsOf(job).source.readInto!(requireShared(out), start),
      read: async ({ job, start, end }) => {
        const bytes = transferableCopy(await this.#portsOf(job).source.read(start, end)); // the source may keep its own
        return new Moved(bytes, [bytes.buffer]);
      },
    };
  }

  #portsOf(job: number): JobPorts {
    const ports = this.#ports.get(job);
    if (!ports) throw new RangeError(`invalid job: ${job} has ended`);
    return ports;
  }
}
