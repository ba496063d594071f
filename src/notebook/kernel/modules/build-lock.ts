import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function take(lock: string): boolean {
  try {
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}

function isAbandoned(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, "utf8"));
    return holder > 0 && !isAlive(holder);
  } catch {
    return true; // released in the meantime
  }
}

/**
 * Does `work` while no other process compiles the project: `lock` is the file that src/cli/ensure-built.mjs takes too.
 * Returns false, and does nothing, when another process holds it. A project that cannot be written to throws.
 */
export function underBuildLock(lock: string, work: () => void): boolean {
  if (!take(lock)) {
    if (!isAbandoned(lock)) return false;
    rmSync(lock, { force: true });
    if (!take(lock)) return false;
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
  return true;
}
