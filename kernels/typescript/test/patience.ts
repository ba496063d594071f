/** Limits of time in tests: what is fast on a quiet machine is slow where more work is to be done than there are cores. */
import { availableParallelism, loadavg } from "node:os";

/** `milliseconds` of a quiet machine on this one, in whole milliseconds: as often as there is more work than cores. */
export function patience(milliseconds: number): number {
  const [lastMinute = 0] = loadavg(); // zero where the system has none
  return Math.ceil(milliseconds * Math.max(1, lastMinute / availableParallelism()));
}

/** Milliseconds for what starts processes and has no bound of its own to keep: a hanging test ends, a slow one does not. */
export const HANGS_MILLISECONDS = 180_000;
