/** Entry of a build's worker threads: works on the jobs it is sent, asking the main thread for bytes and labels. */
import { parentPort } from "node:worker_threads";
import { requireShared } from "../base/shared-bytes.js";
import { ThreadCalls } from "../base/thread-calls.js";
import { REQUEST_BYTES } from "../recording/byte-source.js";
import { buildRecording, type JobPorts, type RecordingJob } from "./build-recording.js";
import { BUILD_ERRORS, type MainMethods, type WorkerMethods } from "./worker-protocol.js";

const port = parentPort;
if (!port) throw new Error("build-worker runs as a worker thread; call buildCache");

const stop = new AbortController();
const methods: WorkerMethods = {
  build: ({ job, recording }) => buildRecording(recording, portsOf(job, recording)),
  abort: () => stop.abort(),
};
const main = new ThreadCalls<MainMethods>(port, methods, BUILD_ERRORS);

function portsOf(job: number, { entry }: RecordingJob): JobPorts {
  return {
    source: {
      name: entry.edfKey,
      byteLength: entry.edfSize,
      blockBytes: REQUEST_BYTES,
      read: (start, end) => main.call("read", { job, start, end }),
      readIntoShared: (out, start) => main.call("fill", { job, start, out: requireShared(out) }),
    },
    readLabels: (durationSeconds) => main.call("labels", { job, durationSeconds }),
    signal: stop.signal,
  };
}
