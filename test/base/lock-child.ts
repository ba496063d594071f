/** A starter that takes each folder's lock at the time it is told, holds it for a moment and says whether another was inside too. */
import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { createBuildLock } from "@ictal/jupyter/kernel/modules/build-lock";
import { projectDir } from "../../src/base/project.js";
import { lockRun } from "../../src/training/run-lock.js";

export interface Round {
  readonly kind: "run" | "build" | "compile";
  readonly dir: string;
  readonly atMilliseconds: number;
}

interface EnsureBuilt {
  takeLock(root: string): { readonly lock?: { release(): void } };
}
// written in plain JavaScript beside dist/
const { takeLock } = (await import(join(projectDir, "src/cli/ensure-built.mjs"))) as EnsureBuilt;

function pause(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** True when nobody else was inside. */
function holdAlone(dir: string): boolean {
  try {
    mkdirSync(join(dir, "inside"));
  } catch {
    return false;
  }
  pause(20);
  rmdirSync(join(dir, "inside"));
  return true;
}

/** Whether the lock was held alone; undefined when it was another's. */
async function play({ kind, dir }: Round): Promise<boolean | undefined> {
  if (kind === "run") {
    const release = await lockRun(dir, { patienceMilliseconds: 0 }).catch(() => undefined);
    const isAlone = release && holdAlone(dir);
    await release?.();
    return isAlone;
  }
  if (kind === "build") {
    let isAlone: boolean | undefined;
    createBuildLock(join(dir, "dist", ".build.lock")).under(() => {
      isAlone = holdAlone(dir);
    });
    return isAlone;
  }
  const { lock } = takeLock(dir);
  const isAlone = lock && holdAlone(dir);
  lock?.release();
  return isAlone;
}

process.once("message", async (rounds: readonly Round[]) => {
  const found: (boolean | null)[] = [];
  for (const round of rounds) {
    pause(round.atMilliseconds - Date.now() - 2);
    while (Date.now() < round.atMilliseconds);
    found.push((await play(round)) ?? null);
  }
  process.send?.(found, () => process.exit(0));
});
process.send?.("ready");
