import { rename, rm } from "node:fs/promises";
import { CacheError, isIctalError } from "@ictal/base/errors";
import type { Detector } from "../model/detector.js";
import { readCheckpointState, readCheckpointTensors, verifyCheckpoint } from "./checkpoint.js";
import { checkpointDir, listCheckpoints } from "./checkpoint-folder.js";
import type { CheckpointState } from "./checkpoint-state.js";
import type { OptimizerState } from "./train-program.js";

/** A checkpoint that cannot be used, and why. */
export interface DamagedCheckpoint {
  readonly step: number;
  readonly reason: string;
}

/** The latest valid checkpoint, and the damaged ones that are newer. */
export interface LatestCheckpoint {
  readonly stored: CheckpointState;
  readonly tensors: OptimizerState;
  /** Notices of `accept` on it. */
  readonly notices: readonly string[];
  readonly damaged: readonly DamagedCheckpoint[];
}

/**
 * Read the latest valid checkpoint of a run; damaged ones are skipped. `accept` throws a CacheError
 * when the state is that of another run, whose tensors are then not read, and a FormatError when it cannot be right.
 * Throws a CacheError when no checkpoint is whole.
 */
export async function latestValidCheckpoint(
  runDir: string,
  detector: Detector,
  accept: (stored: CheckpointState) => string[],
): Promise<LatestCheckpoint> {
  const damaged: DamagedCheckpoint[] = [];
  let cause: unknown;
  for (const step of (await listCheckpoints(runDir)).reverse()) {
    try {
      return { ...(await readValid(checkpointDir(runDir, step), detector, accept)), damaged };
    } catch (error) {
      if (!isIctalError(error, "FormatError", "NotFoundError") && !(error instanceof MismatchedTensors)) throw error;
      cause ??= error;
      damaged.push({ step, reason: error.message });
    }
  }
  const reasons = damaged.map(({ step, reason }) => `step ${step}: ${reason}`).join("; ");
  throw new CacheError(
    `no checkpoint of ${runDir} is whole (${reasons}); start anew in another folder, or replace the run (--replace)`,
    { found: damaged.map(({ step }) => step), expected: "one whole checkpoint" },
    { cause },
  );
}

/** Tensors that do not fit the detector, though their checkpoint names it. */
class MismatchedTensors extends Error {}

async function readValid(
  dir: string,
  detector: Detector,
  accept: (stored: CheckpointState) => string[],
): Promise<Omit<LatestCheckpoint, "damaged">> {
  const stored = await readCheckpointState(dir);
  const notices = accept(stored.state);
  await verifyCheckpoint(dir, stored);
  const tensors = await readCheckpointTensors(dir, detector, stored).catch((error: unknown) => {
    throw isIctalError(error, "CacheError") ? new MismatchedTensors(error.message, { cause: error }) : error;
  });
  if (!stored.files)
    notices.push(`${dir} is of version 0.1, whose state has no checksum; it was checked as far as that can be`);
  return { stored: stored.state, tensors, notices };
}

/**
 * Rename damaged checkpoints, so that their steps are written again, and return notices on what the run continues from. The
 * files are kept for inspection.
 */
export async function quarantineDamaged(
  runDir: string,
  damaged: readonly DamagedCheckpoint[],
  from: number,
): Promise<string[]> {
  const notices: string[] = [];
  for (const { step, reason } of damaged) {
    const dir = checkpointDir(runDir, step);
    await rm(`${dir}.damaged`, { recursive: true, force: true });
    await rename(dir, `${dir}.damaged`);
    notices.push(
      `the checkpoint of step ${step} is damaged (${reason}) and was moved to ${dir}.damaged; continuing from step ${from}`,
    );
  }
  return notices;
}
