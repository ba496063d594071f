import { readdirSync, readFileSync } from "node:fs";
import { residentMegabytes } from "../../../src/cli/process-memory.js";

/** Set in the environment of everything that a soak starts. */
export const MARK_VARIABLE = "ICTAL_SOAK_MARK";

export interface MarkedProcess {
  readonly pid: number;
  readonly command: string;
}

/** Every process whose environment carries `mark`, zombies left out. */
export function markedProcesses(mark: string): MarkedProcess[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").includes(`${MARK_VARIABLE}=${mark}\0`)) return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return command === "" ? [] : [{ pid: Number(name), command }];
    } catch {
      return []; // it ended in the meantime
    }
  });
}

/** Memory of processes over time, sampled until stopped. */
export interface MemorySamples {
  readonly samples: ReadonlyMap<number, { readonly command: string; readonly megabytes: number[] }>;
  stop(): void;
}

export function sampleMemory(mark: string, milliseconds = 500): MemorySamples {
  const samples = new Map<number, { command: string; megabytes: number[] }>();
  const timer = setInterval(() => {
    for (const { pid, command } of markedProcesses(mark)) {
      const known = samples.get(pid) ?? { command, megabytes: [] };
      const now = residentMegabytes(pid);
      if (now !== undefined) known.megabytes.push(now);
      samples.set(pid, known);
    }
  }, milliseconds);
  return { samples, stop: () => clearInterval(timer) };
}
