import { readFileSync } from "node:fs";

/** Resident memory of a process of this machine in MB; undefined where it has ended or the system does not report it (only Linux does). */
export function residentMegabytes(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Math.round((Number(kilobytes) * 1024) / 1e6);
  } catch {
    return undefined;
  }
}
