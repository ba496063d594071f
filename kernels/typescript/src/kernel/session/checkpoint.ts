import { CHECKPOINT_KEY } from "../language/language.js";
import { InterruptedError } from "./interrupted.js";
import { currentJob, isInJob, type JobContext } from "./job.js";

const MODULES_MILLISECONDS = 10_000;

/** Cells up to this one are stopped, those too that had ended and left something running. */
let stoppedUpTo = 0;

/**
 * From now on every asynchronous loop of `context` ends where it next begins a round. Loops of modules only for a while:
 * one that spins is soon there, and one that waits for work may serve later cells too.
 */
export function stopLoops(context: JobContext): void {
  context.stoppedAt = performance.now();
}

/** Does so for the loops that stand in cells, of all cells so far. */
export function stopAllLoops(): void {
  stoppedUpTo = Math.max(stoppedUpTo, currentJob().cell);
}

function isStopped({ cell, stoppedAt }: JobContext): boolean {
  return stoppedAt !== undefined || cell <= stoppedUpTo;
}

/** In a cell that asked for its signal the modules are taken to have it, and to end in their own way. */
function endsModuleLoops({ stoppedAt, usesSignal }: JobContext): boolean {
  return stoppedAt !== undefined && !usesSignal && performance.now() - stoppedAt < MODULES_MILLISECONDS;
}

/** Gives cells and modules the function that their asynchronous loops call at the start of each round. */
export function installCheckpoint(): void {
  const checkpoint = (isModule = false) => {
    if (!isInJob()) return;
    const context = currentJob();
    if (isModule ? endsModuleLoops(context) : isStopped(context)) throw new InterruptedError();
  };
  Object.assign(globalThis, { [Symbol.for(CHECKPOINT_KEY)]: checkpoint });
}
