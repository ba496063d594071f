/** Entry of a build's worker threads: works on the jobs it is sent, asking the main thread for bytes and labels. */
import { parentPort } from "node:worker_threads";
import { requireShared } from "../base/shared-bytes.js";
import type { RecordingLabels } from "../corpus/labels.js";
import { REQUEST_BYTES } from "../recording/byte-source.js";
import { buildRecording, type JobPorts, type RecordingJob } from "./build-recording.js";
import {
  type Answer,
  type Answered,
  type FromWorker,
  fromPlain,
  type Request,
  type ToWorker,
  toPlain,
} from "./worker-protocol.js";

const port = parentPort;
if (!port) throw new Error("build-worker runs as a worker thread; call buildCache");

const stop = new AbortController();
const waiting = new Map<number, (answer: Answer<Answered>) => void>();
let requests = 0;

function send(message: FromWorker): void {
  port!.postMessage(message);
}

async function ask<T extends Answered>(job: number, request: Request): Promise<T> {
  const number = requests++;
  const answer = await new Promise<Answer<Answered>>((resolve) => {
    waiting.set(number, resolve);
    send({ type: "request", job, request: number, ask: request });
  });
  if ("error" in answer) throw fromPlain(answer.error);
  return answer.ok as T; // the main thread answers each method with its own type
}

function portsOf(job: number, { entry }: RecordingJob): JobPorts {
  return {
    source: {
      name: entry.edfKey,
      byteLength: entry.edfSize,
      blockBytes: REQUEST_BYTES,
      read: (start, end) => ask<Uint8Array>(job, { method: "read", start, end }),
      readIntoShared: (out, start) => ask<number>(job, { method: "fill", start, out: requireShared(out) }),
    },
    readLabels: (durationSeconds) => ask<RecordingLabels>(job, { method: "labels", durationSeconds }),
    signal: stop.signal,
  };
}

async function work(job: number, recording: RecordingJob): Promise<void> {
  try {
    send({ type: "done", job, answer: { ok: await buildRecording(recording, portsOf(job, recording)) } });
  } catch (error) {
    send({ type: "done", job, answer: { error: toPlain(error) } });
  }
}

port.on("message", (message: ToWorker) => {
  if (message.type === "abort") stop.abort();
  else if (message.type === "job") void work(message.job, message.work);
  else {
    waiting.get(message.request)?.(message.answer);
    waiting.delete(message.request);
  }
});
