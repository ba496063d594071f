import { Worker } from "node:worker_threads";
import { onAbort } from "@ictal/base/on-abort";
import { bytesToGive, requireShared } from "../base/shared-bytes.js";
import type { JobPorts, RecordingJob } from "./build-recording.js";
import { ExclusionError } from "./exclusion.js";
import { machineStop } from "./machine-stop.js";
import type { Sidecar } from "./sidecar.js";
import {
  type Answer,
  type Answered,
  type FromWorker,
  fromPlain,
  type Request,
  type ToWorker,
  toPlain,
} from "./worker-protocol.js";

interface RunningJob {
  readonly ports: JobPorts;
  readonly resolve: (sidecar: Sidecar) => void;
  readonly reject: (error: unknown) => void;
}

/** One worker thread; a crash fails the jobs it had and the next job starts a new thread. */
class BuildWorker {
  private thread: Worker | undefined;
  private readonly jobs = new Map<number, RunningJob>();
  private jobCount = 0;

  run(work: RecordingJob, ports: JobPorts): Promise<Sidecar> {
    const job = this.jobCount++;
    return new Promise<Sidecar>((resolve, reject) => {
      this.jobs.set(job, { ports, resolve, reject });
      this.post({ type: "job", job, work });
    });
  }

  abort(): void {
    if (this.thread) this.post({ type: "abort" });
  }

  async close(): Promise<void> {
    await this.thread?.terminate();
  }

  private post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.thread ??= this.start();
    this.thread.postMessage(message, transfer);
  }

  private start(): Worker {
    const thread = new Worker(new URL("./build-worker.js", import.meta.url));
    thread.on("message", (message: FromWorker) => {
      if (message.type === "done") this.finish(message.job, message.answer);
      else void this.answer(message.job, message.request, message.ask);
    });
    thread.on("error", (error) => this.crash(thread, error));
    thread.on("exit", (code) => this.crash(thread, new Error(`exit code ${code}`)));
    return thread;
  }

  private finish(job: number, answer: Answer<Sidecar>): void {
    const running = this.jobs.get(job);
    this.jobs.delete(job);
    if ("ok" in answer) running?.resolve(answer.ok);
    else running?.reject(fromPlain(answer.error));
  }

  private crash(thread: Worker, error: Error): void {
    if (this.thread !== thread) return;
    this.thread = undefined;
    const jobs = [...this.jobs.values()];
    this.jobs.clear();
    const reason = `its worker thread ended: ${error.message}; run again`;
    for (const { reject } of jobs) reject(machineStop(error) ?? new ExclusionError("worker-crashed", reason));
  }

  private async answer(job: number, request: number, ask: Request): Promise<void> {
    const ports = this.jobs.get(job)?.ports;
    if (!ports) return;
    const transfer: ArrayBuffer[] = [];
    let answer: Answer<Answered>;
    try {
      if (ask.method === "labels") answer = { ok: await ports.readLabels(ask.durationSeconds) };
      else if (ask.method === "fill") answer = { ok: await ports.source.readInto!(requireShared(ask.out), ask.start) };
      else {
        const bytes = bytesToGive(await ports.source.read(ask.start, ask.end)); // the source may keep its own
        transfer.push(bytes.buffer);
        answer = { ok: bytes };
      }
    } catch (error) {
      answer = { error: toPlain(error) };
    }
    if (this.jobs.has(job)) this.post({ type: "answer", request, answer }, transfer); // else its thread has crashed
  }
}

/** Jobs that one thread has at a time: one computes while the other waits for its bytes. */
export const JOBS_PER_WORKER = 2;

/** Worker threads for a build. */
export interface WorkerPool {
  /** How many jobs can be given at a time. */
  readonly lanes: number;
  /** Build one recording in the thread of `lane`; errors as `buildRecording`. */
  run(lane: number, job: RecordingJob, ports: JobPorts): Promise<Sidecar>;
  close(): Promise<void>;
}

/** Start a pool of `workers` threads; threads start with their first job. `signal` stops the jobs between two blocks. */
export function createPool(workers: number, signal?: AbortSignal): WorkerPool {
  const threads = Array.from({ length: workers }, () => new BuildWorker());
  const remove = onAbort(signal, () => {
    for (const thread of threads) thread.abort();
  });
  return {
    lanes: workers * JOBS_PER_WORKER,
    run: (lane, job, ports) => threads[lane % workers]!.run(job, ports),
    async close() {
      remove();
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}
