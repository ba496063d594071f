import { Console } from "node:console";
import { StringDecoder } from "node:string_decoder";
import { SHARED, type ToProtocol } from "../threads/messages.js";
import { currentJob } from "./job.js";

/** More than this on its way to the protocol thread makes the writer wait. */
const PENDING_CHARACTERS = 16_000_000;
/** A protocol thread that takes nothing for so long is not waited for. */
const PATIENCE_MILLISECONDS = 5000;

type Callback = (error?: Error | null) => void;

/** Waits until the protocol thread has taken over most of what was written: memory stays bounded. */
function holdBack(shared: Int32Array): void {
  for (;;) {
    const pending = Atomics.load(shared, SHARED.outputPending);
    if (pending <= PENDING_CHARACTERS) return;
    if (Atomics.wait(shared, SHARED.outputPending, pending, PATIENCE_MILLISECONDS) === "timed-out") return;
  }
}

function createWriter(name: "stdout" | "stderr", post: (message: ToProtocol) => void, shared: Int32Array) {
  const decoder = new StringDecoder("utf8");
  return (chunk: string | Uint8Array, encoding?: BufferEncoding | Callback, callback?: Callback): boolean => {
    const given = typeof encoding === "string" ? encoding : "utf8";
    const isText = typeof chunk === "string" && (given === "utf8" || given === ("utf-8" as BufferEncoding));
    const text = isText
      ? chunk
      : decoder.write(typeof chunk === "string" ? Buffer.from(chunk, given) : Buffer.from(chunk));
    if (text !== "") {
      Atomics.add(shared, SHARED.outputPending, text.length);
      post({ type: "stream", job: currentJob().job, name, text });
      holdBack(shared);
    }
    const done = typeof encoding === "function" ? encoding : callback;
    if (done) process.nextTick(done);
    return true;
  };
}

/**
 * Sends everything written to stdout and stderr in this process to the cell whose code wrote it. The global console is
 * replaced by one that the inspector does not watch: it would keep the last thousand logged objects alive.
 */
export function captureOutput(post: (message: ToProtocol) => void, shared: Int32Array): void {
  for (const name of ["stdout", "stderr"] as const) {
    process[name].write = createWriter(name, post, shared) as typeof process.stdout.write;
  }
  globalThis.console = new Console({ stdout: process.stdout, stderr: process.stderr }) as typeof console;
}
