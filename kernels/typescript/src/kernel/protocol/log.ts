import { writeSync } from "node:fs";

/** Tells whoever started the kernel, on the process's own stderr: that of this thread would end under a cell. */
export function log(text: string): void {
  try {
    writeSync(2, `ictal kernel: ${text}\n`);
  } catch {
    // nobody reads it any more
  }
}
