import { rename, rm } from "node:fs/promises";
import { CacheError, isIctalError } from "@ictal/base/errors";
import type { Detector } from "../model/detector.js";
import {
  checkpointDir,
  listCheckpoints,
  readCheckpointState,
  readCheckpointTensors,
  verifyCheckpoint,
} from "./checkpoint.js";
import type { CheckpointState } from "./checkpoint-state.js";
import type { OptimizerState } from "./train-program.js";

/** A checkpoint that cannot be used, and why. */
export interface DamagedCheckpoint {
  readonly step: number;
  readonly reason: string;
}

/** The newest checkpoint that can be read whole, and those newer than it. */
export interface NewestCheckpoint {
  readonly stored: CheckpointState;
  readonly tensors: OptimizerState;
  /** What `accept` had to say of it. */
  readonly notices: readonly string[];
  readonly damaged: readonly DamagedCheckpoint[];
}

/**
 * Read the newest checkpoint of a run; one that is damaged is passed over for the one before. `accept` throws a CacheError
 * when the state is that of another run, whose tensors are then not read, and a FormatError when it cannot be right.
 * Throws a CacheError when no checkpoint is whole.
 */
export async function newestWhole(
  runDir: string,
  detector: Detector,
  accept: (stored: CheckpointState) => string[],
): Promise<NewestCheckpoint> {
  const damaged: DamagedCheckpoint[] = [];
  let cause: unknown;
  for (const step of (await listCheckpoints(runDir)).reverse()) {
    try {
      return { ...(await readWhole(checkpointDir(runDir, step), detector, accept)), damaged };
    } catch (error) {
      if (!isIctalError(error, "FormatError", "NotFoundError") && !(error instanceof OtherTensors)) throw error;
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

/** Tensors that are not the detector's, though their checkpoint says so. */
class OtherTensors extends Error {}

async function readWhole(
  dir: string,
  detector: Detector,
  accept: (stored: CheckpointState) => string[],
): Promise<Omit<NewestCheckpoint, "damaged">> {
  const stored = await readCheckpointState(dir);
  const notices = accept(stored.state);
  await verifyCheckpoint(dir, stored);
  const tensors = await readCheckpointTensors(dir, detector).catch((error: unknown) => {
    throw isIctalError(error, "CacheError") ? new OtherTensors(error.message, { cause: error }) : error;
  });
  if (!stored.files)
    notices.push(`${dir} is of version 0.1, whose state has no checksum; it was checked as far as that can be`);
  return { stored: stored.state, tensors, notices };
}

/**
 * Rename damaged checkpoints, so that their steps are written again, and say in words what the run goes on from. They are
 * kept for whoever wants to look into them.
 */
export async function setDamagedAside(
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
      `the checkpoint of step ${step} is damaged (${reason}) and was set aside as ${dir}.damaged; going on from step ${from}`,
    );
  }
  return notices;
}
