/** What was chosen on the data that a score is of, which makes the score too good. */
import { resolve } from "node:path";

/** What of a detector may have been chosen on the scored split. */
export interface Chosen {
  /** The metric by which the training chooses its epoch; undefined where it is not known. */
  readonly metric?: string | undefined;
  /** Whether thresholds were searched on the scored recordings. @default false */
  readonly isSearched?: boolean;
}

const PUBLISH = "publish the score of eval, or that of ictal crossval";

/** One sentence that stands beside a score of `split`; undefined where nothing is known to be chosen on it. */
export function optimismOf(split: string, { metric, isSearched = false }: Chosen = {}): string | undefined {
  if (split === "train") return `optimistic: the weights were fitted to train, which is scored here; ${PUBLISH}`;
  const epoch = split === "dev" ? [`the epoch${metric === undefined ? "" : ` (best ${metric})`}`] : [];
  const chosen = [...epoch, ...(isSearched ? ["the thresholds"] : [])];
  if (chosen.length === 0) return undefined;
  const verb = chosen.length === 1 && epoch.length === 1 ? "is" : "are";
  return `optimistic: ${chosen.join(" and ")} ${verb} chosen on ${split}, which is scored here; ${PUBLISH}`;
}

/** The split that folders of references are of, by a folder named so in a path; undefined where none is. */
export function splitOfFolders(folders: readonly string[]): string | undefined {
  const parts = folders.flatMap((folder) => resolve(folder).split(/[\\/]/));
  return ["train", "dev", "eval"].find((split) => parts.includes(split));
}
