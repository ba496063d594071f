import { elementAt } from "../base/lookup.js";
import type { Batch } from "../dataset/batches.js";
import type { Fault, Run } from "./run.js";

/** Steps in a row that may be non-finite before a run gives up. */
const MAX_NON_FINITE = 100;
/** Warnings printed; every such step is in the log. */
const WARNINGS = 3;
/** Windows that a warning lists. */
const LISTED = 4;
/** Standard deviations beyond which a sample cannot be EEG. */
const LARGEST_SAMPLE = 1e6;

/** Rows of the batch that hold samples which are not finite or far beyond any signal. */
function badRows({ samples, windows }: Batch, size: number): number[] {
  const isBad = (value: number) => !(Math.abs(value) < LARGEST_SAMPLE);
  return windows.flatMap((_, row) => (samples.subarray(row * size, (row + 1) * size).some(isBad) ? [row] : []));
}

/** What of a batch was not finite, and where its windows come from. */
export function faultOf(run: Run, batch: Batch, loss: number, gradientNorm: number): Fault {
  const { index, reader } = run.data;
  const bad = badRows(batch, reader.channelCount * index.windowSamples);
  const later = Number.isFinite(loss) ? (Number.isFinite(gradientNorm) ? "running statistics" : "gradient") : "loss";
  const rows = bad.length > 0 ? bad : [...batch.windows.keys()];
  const windows = rows.map((row) => {
    const { id, startSample } = elementAt(batch.windows, row);
    return { id, startSeconds: startSample / reader.manifest.sampleRateHz };
  });
  return { what: bad.length > 0 ? "samples" : later, loss, gradientNorm, windows };
}

function describe({ what, loss, windows }: Fault): string {
  const list = windows.slice(0, LISTED).map(({ id, startSeconds }) => `${id} from ${startSeconds} s`);
  const more = windows.length > LISTED ? ` and ${windows.length - LISTED} more` : "";
  if (what === "samples") return `samples of ${list.join(", ")}${more} are not finite or far beyond any signal`;
  const cause =
    what === "loss" ? `the loss was ${loss}` : `the ${what} was not finite, the loss ${loss.toPrecision(4)}`;
  return `${cause}; its windows: ${list.join(", ")}${more}`;
}

/**
 * Count and report a step that was skipped since its numbers were not finite: by a warning the first times, in the log always.
 * Throws an Error when too many follow each other.
 */
export function countNonFinite({ progress, options, warn, log }: Run, fault: Fault): void {
  progress.nonFiniteSteps += 1;
  progress.nonFiniteInARow += 1;
  const { step, nonFiniteSteps } = progress;
  const { what, windows } = fault;
  log.append({
    kind: "non-finite",
    step,
    what,
    loss: String(fault.loss),
    gradientNorm: String(fault.gradientNorm),
    windows,
  });
  if (nonFiniteSteps <= WARNINGS) {
    const last = nonFiniteSteps === WARNINGS ? " Later ones are only counted and logged." : "";
    warn(`step ${step} was skipped and changed no weight: ${describe(fault)}.${last}`);
  }
  if (progress.nonFiniteInARow < MAX_NON_FINITE) return;
  throw new Error(
    `training diverged: ${MAX_NON_FINITE} steps in a row were not finite, up to step ${step} of ${options.runDir}; in the last one ${describe(fault)}. ` +
      `Lower the learning rate (now ${options.learningRate}) or check the cache (ictal cache verify); metrics.jsonl lists the steps as "non-finite"`,
  );
}
