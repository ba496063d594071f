import { CHECKPOINT_KEY } from "../language/language.js";
import { InterruptedError } from "./interrupted.js";
import { currentJob, isInJob, type JobContext } from "./job.js";

/** Cells up to this one are stopped, those too that had ended and left something running. */
let stoppedUpTo = 0;

/** From now on every asynchronous loop of `context` ends where it next begins a round. */
export function stopLoops(context: JobContext): void {
  context.stopped = true;
}

/** Does so for the loops of all cells so far. */
export function stopAllLoops(): void {
  stoppedUpTo = Math.max(stoppedUpTo, currentJob().cell);
}

/** Gives cells the function that their asynchronous loops call at the start of each round. */
export function installCheckpoint(): void {
  const checkpoint = () => {
    if (!isInJob()) return;
    const context = currentJob();
    if (context.stopped || context.cell <= stoppedUpTo) throw new InterruptedError();
  };
  Object.assign(globalThis, { [Symbol.for(CHECKPOINT_KEY)]: checkpoint });
}
