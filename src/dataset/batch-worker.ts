/** Entry of the threads that fill batches: reads windows without waiting, one batch after another. */
import { parentPort, workerData } from "node:worker_threads";
import { CacheError } from "@ictal/base/errors";
import type { FillAnswer, FillJob, ThreadSetup } from "./batch-threads.js";
import { createFiller, slotOf } from "./fill-batch.js";
import { openKeyFolder } from "./window-reader.js";

const port = parentPort;
if (!port) throw new Error("batch-worker runs as a worker thread; call openBatches");

const { folder, manifest, shape, fillOptions } = workerData as ThreadSetup; // BatchThreads starts no other way
const filler = createFiller(openKeyFolder(folder, manifest), fillOptions);

function answerOf(error: unknown): FillAnswer {
  if (error instanceof CacheError) return { message: error.message, cache: error.details };
  return { message: error instanceof Error ? error.message : String(error) };
}

port.on("message", ({ buffer, rows }: FillJob) => {
  try {
    const answer: FillAnswer = { windows: filler.fillSync(slotOf(shape, buffer), rows) };
    port.postMessage(answer);
  } catch (error) {
    port.postMessage(answerOf(error));
  }
});
