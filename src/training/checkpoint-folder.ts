/** Where a run keeps its checkpoints, and which there are. */
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { temporaryName } from "@ictal/base/atomic-file";

/** Names of the files. */
export const MODEL_FILE = "model.safetensors";
export const AVERAGE_FILE = "average.safetensors";
export const OPTIMIZER_FILE = "optimizer.safetensors";
export const STATE_FILE = "state.json";

/** The folder that holds a run's checkpoints. */
function checkpointsDir(runDir: string): string {
  return join(runDir, "checkpoints");
}

/** Folder of the checkpoint of a step. */
export function checkpointDir(runDir: string, step: number): string {
  return join(checkpointsDir(runDir), checkpointName(step));
}

const checkpointName = (step: number): string => `step-${String(step).padStart(8, "0")}`;

/** Steps of the whole checkpoints of a run, ascending. */
export async function listCheckpoints(runDir: string): Promise<number[]> {
  const names = await readdir(checkpointsDir(runDir)).catch(() => [] as string[]);
  return names.flatMap((name) => stepOf(name) ?? []).sort((a, b) => a - b);
}

/** The step that a checkpoint's folder is named for; undefined for other names. */
export function stepOf(name: string): number | undefined {
  const step = /^step-\d{8,}$/.test(name) ? Number(name.slice(5)) : Number.NaN;
  return checkpointName(step) === name ? step : undefined;
}

/** Remove all checkpoints but the newest `keepLast` and that of `bestStep`, and temporary files of killed writes. */
export async function pruneCheckpoints(runDir: string, keepLast: number, bestStep: number | undefined): Promise<void> {
  const steps = await listCheckpoints(runDir);
  const kept = new Set([...steps.slice(-keepLast), bestStep]);
  for (const step of steps)
    if (!kept.has(step)) await rm(checkpointDir(runDir, step), { recursive: true, force: true });
  for (const name of await readdir(checkpointsDir(runDir)).catch(() => [] as string[])) {
    if (name.includes(".tmp-")) await rm(join(checkpointsDir(runDir), name), { recursive: true, force: true });
  }
}

/** Move a run's checkpoints away before a fresh run takes its folder, then remove them. */
export async function discardCheckpoints(runDir: string): Promise<void> {
  const old = temporaryName(checkpointsDir(runDir));
  await rename(checkpointsDir(runDir), old);
  await rm(old, { recursive: true, force: true });
}
