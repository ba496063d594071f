import { writeSync } from "node:fs";
import { describePending } from "./pending.js";

/**
 * Watches that this process does not end before `work` is settled. When Node finds nothing left to do meanwhile, it would
 * end with code 13 and no message; so this prints what was waited for, and ends with 1.
 */
export function guardEnd(verb: string, work: Promise<unknown>): void {
  const report = () => {
    try {
      writeSync(2, describePending(verb));
    } catch {
      // nobody reads it
    }
    process.exit(1);
  };
  process.once("beforeExit", report);
  const end = () => void process.off("beforeExit", report);
  work.then(end, end);
}
