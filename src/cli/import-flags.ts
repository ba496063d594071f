import { join } from "node:path";
import { CONFIG_FILE } from "./checkpoint-config.js";

/** What commander hands over to `ictal model import`. */
export interface ImportFlags {
  readonly model?: string;
  readonly out: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly map?: readonly string[];
  readonly channels?: readonly string[];
  readonly rate?: number;
  readonly window?: number;
  readonly output?: "probability" | "logit";
  readonly seizureClass?: number;
}

/** What to run next with an imported detector. */
export function nextSteps(dir: string): string[] {
  return [
    `use it: ictal detect recording.edf events.tsv --checkpoint ${dir}`,
    `on a corpus: ictal cache build --config ${join(dir, CONFIG_FILE)} --data-dir CORPUS --cache-dir CACHE`,
    `             ictal predict --checkpoint ${dir} --cache-dir CACHE --out OUT --events`,
  ];
}
