import { writeSync } from "node:fs";
import { tellPending } from "./pending.js";

/**
 * Watches that this process does not end before `work` is settled. When Node finds nothing left to do meanwhile, it would
 * end with code 13 and no word; so this says what was waited for, and ends with 1.
 */
export function guardEnd(verb: string, work: Promise<unknown>): void {
  const tell = () => {
    try {
      writeSync(2, tellPending(verb));
    } catch {
      // nobody reads it
    }
    process.exit(1);
  };
  process.once("beforeExit", tell);
  const end = () => void process.off("beforeExit", tell);
  work.then(end, end);
}
