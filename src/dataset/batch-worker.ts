/** Entry of the threads that fill batches: reads windows without waiting, one batch after another. */
import { parentPort, workerData } from "node:worker_threads";
import { ThreadCalls } from "../base/thread-calls.js";
import { FILL_ERRORS, type FillMethods, type ThreadSetup } from "./batch-threads.js";
import { createFiller, slotOf } from "./fill-batch.js";
import { openKeyFolder } from "./window-reader.js";

const port = parentPort;
if (!port) throw new Error("batch-worker runs as a worker thread; call openBatches");

const { folder, manifest, shape, fillOptions } = workerData as ThreadSetup; // BatchThreads starts no other way
const filler = createFiller(openKeyFolder(folder, manifest), fillOptions);
const methods: FillMethods = { fill: ({ buffer, rows }) => filler.fillSync(slotOf(shape, buffer), rows) };
new ThreadCalls(port, methods, FILL_ERRORS);
