import { rename, rm } from "node:fs/promises";
import { CacheError, isIctalError } from "../base/errors.js";
import type { Detector } from "../model/detector.js";
import {
  type CheckpointState,
  checkpointDir,
  listCheckpoints,
  readCheckpointState,
  readCheckpointTensors,
  verifyCheckpoint,
} from "./checkpoint.js";
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

/** What `read` gives, or why it could not. */
async function orReason<T extends object>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    if (isIctalError(error, "CacheError", "FormatError", "NotFoundError")) return error.message;
    throw error;
  }
}

/**
 * Read the newest checkpoint of a run; one that is damaged is passed over for the one before. `accept` throws when the
 * state is that of another run, whose tensors are then not read. Throws a CacheError when no checkpoint is whole.
 */
export async function newestWhole(
  runDir: string,
  detector: Detector,
  accept: (stored: CheckpointState) => string[],
): Promise<NewestCheckpoint> {
  const damaged: DamagedCheckpoint[] = [];
  for (const step of (await listCheckpoints(runDir)).reverse()) {
    const dir = checkpointDir(runDir, step);
    const stored = await orReason(() => readCheckpointState(dir));
    const notices = typeof stored === "string" ? [] : accept(stored);
    const tensors = await orReason(async () => {
      await verifyCheckpoint(dir);
      return readCheckpointTensors(dir, detector);
    });
    if (typeof stored !== "string" && typeof tensors !== "string") return { stored, tensors, notices, damaged };
    damaged.push({ step, reason: typeof stored === "string" ? stored : String(tensors) });
  }
  const reasons = damaged.map(({ step, reason }) => `step ${step}: ${reason}`).join("; ");
  throw new CacheError(
    `no checkpoint of ${runDir} is whole (${reasons}); start anew in another folder, or replace the run (--replace)`,
    { found: damaged.map(({ step }) => step), expected: "one whole checkpoint" },
  );
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
