/** The training process that `startTraining` forks: reads one "start", then reports until "done" or "failed". */
import { CacheError } from "@ictal/base/errors";
import { openExecutor } from "../tensor/open.js";
import { checkFits, detectorFor } from "./check-fit.js";
import { runTraining } from "./loop.js";
import { type FromChild, storeError, type ToChild } from "./messages.js";
import { fillTrainOptions, type TrainOptions } from "./options.js";
import { createParentRequests } from "./parent-requests.js";
import type { TrainReport } from "./run.js";
import { openTrainingData } from "./run-data.js";
import { lockRun } from "./run-lock.js";
import { runOverview } from "./run-overview.js";

/** Time that the current step may take after the parent has ended. */
const GRACE_MILLISECONDS = 60_000;

const interrupt = new AbortController();
function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send?.(message, undefined, undefined, () => resolve()); // an error here means that the parent has ended
  });
}

const requests = createParentRequests(interrupt.signal, (message) => void send(message));

/** Another training holds the folder now: nothing more may be written to it, not even a checkpoint. */
function endWithoutCheckpoint(runDir: string, who: string): void {
  const error = new CacheError(
    `${runDir} was taken over by ${who}, because this training's heartbeat had stopped for too long; it ends without a last checkpoint`,
    { found: who, expected: `process ${process.pid}` },
  );
  void send({ type: "failed", error: storeError(error) }).then(() => process.exit(1));
}

/** Train while holding the lock of the run's folder. */
async function trainLocked(options: TrainOptions, isValidated: boolean): Promise<TrainReport> {
  const onWait = (text: string) => void send({ type: "warning", text });
  const { runDir } = fillTrainOptions(options);
  const release = await lockRun(runDir, {
    onWait,
    onLost: (who) => endWithoutCheckpoint(runDir, who),
    signal: interrupt.signal,
  });
  try {
    return await train(options, isValidated);
  } finally {
    await release();
  }
}

async function train(options: TrainOptions, isValidated: boolean): Promise<TrainReport> {
  const filled = fillTrainOptions(options);
  const data = await openTrainingData(filled.data, filled.seed, {
    accept: (manifest) => checkFits(detectorFor(filled.model, manifest), manifest, filled.data.windowSeconds),
  });
  const executor = await openExecutor(filled.device, { threads: filled.threads });
  try {
    await send({
      type: "started",
      executor: executor.name,
      choice: executor.choice,
      overview: runOverview(filled, data),
    });
    return await runTraining(options, data, executor, {
      onMetrics: (metrics) => void send({ type: "metrics", metrics }),
      onValidation: (result) => void send({ type: "validation", result }),
      onWarning: (text) => void send({ type: "warning", text }),
      onCheckpoint: (path, step) => void send({ type: "checkpoint", path, step }),
      validate: isValidated ? requests.validate : undefined,
      signal: interrupt.signal,
    });
  } finally {
    await data.reader.close();
    await executor.dispose();
  }
}

async function start({ options, isValidated }: Extract<ToChild, { type: "start" }>): Promise<void> {
  const last: FromChild = await trainLocked(options, isValidated).then(
    (report) => ({ type: "done", report }) as const,
    (error: unknown) => ({ type: "failed", error: storeError(error) }) as const,
  );
  await send(last);
  process.exit(last.type === "done" ? 0 : 1); // backends may keep threads that would hold the process open
}

process.on("message", (message: ToChild) => {
  if (message.type === "start") void start(message);
  else if (message.type === "stop") interrupt.abort();
  else requests.answer(message);
});
process.on("SIGINT", () => interrupt.abort()); // a terminal sends it to both processes
process.on("SIGTERM", () => interrupt.abort());
process.on("disconnect", () => {
  interrupt.abort();
  setTimeout(() => process.exit(1), GRACE_MILLISECONDS).unref();
});
