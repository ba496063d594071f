/**
 * Runs verbs of `ictal` in a thread of the test's process. The thread stays, with its modules loaded: a verb costs its own work and not
 * the third of a second that a process takes to start. What a process adds (signals, `process.exit`, a full disk as output, inherited
 * descriptors) is not the same here, so that each family of verbs has tests with a process too.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

/** What a verb printed, and its exit code. */
export interface VerbRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the thread is asked: the words after `ictal`, and its whole environment. */
export interface VerbRequest {
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Beyond any limit of a test file: the runner ends and names one that hangs. */
const PATIENCE_MILLISECONDS = 1_200_000;

let asking: ((request: VerbRequest) => VerbRun) | undefined;

function startThread(): NonNullable<typeof asking> {
  const { port1: port, port2 } = new MessageChannel();
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL("./verb-thread-worker.js", import.meta.url), {
    workerData: { port: port2, answered },
    transferList: [port2],
  });
  worker.unref();
  return (request) => {
    Atomics.store(answered, 0, 0);
    port.postMessage(request);
    const waited = Atomics.wait(answered, 0, 0, PATIENCE_MILLISECONDS);
    const answer = receiveMessageOnPort(port)?.message as VerbRun | undefined;
    port.unref();
    if (waited === "timed-out" || answer === undefined)
      throw new Error(`ictal ${request.words.join(" ")}: not ended within ${PATIENCE_MILLISECONDS / 1000} s`);
    return answer;
  };
}

/** Runs `ictal WORDS…` to its end with this environment, while the test's own thread stands still. */
export function runVerb(words: readonly string[], environment: NodeJS.ProcessEnv = process.env) {
  asking ??= startThread();
  const run = asking({ words, environment: { ...environment } });
  return { ...run, json: () => JSON.parse(run.stdout) };
}
