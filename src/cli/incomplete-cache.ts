/**
 * The mark that a first `train` or `crossval` leaves in a cache whose build left out what nobody accepted: the next one builds
 * again and ends as the first did, until the causes are fixed or accepted.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CacheError } from "@ictal/base/errors";
import { INCOMPLETE_FILE } from "../cache/paths.js";
import { writeCacheFile } from "../cache/temporary.js";

const INCOMPLETE =
  "the cache is incomplete; see the messages above, fix the causes, or accept them with: ictal cache build --accept CODES";

/** Whether the key folder at `path` has the mark. */
export function isMarkedIncomplete(path: string): boolean {
  return existsSync(join(path, INCOMPLETE_FILE));
}

/** Mark the key folder at `path`, in which `count` recordings are excluded or have unknown labels, and throw the CacheError for it. */
export async function refuseIncomplete(path: string, count: number): Promise<never> {
  await writeCacheFile(path, join(path, INCOMPLETE_FILE), `${INCOMPLETE}\n`);
  throw new CacheError(INCOMPLETE, { found: count, expected: 0 });
}

/** Take the mark away: the cache is complete, or what it lacks was accepted. */
export async function unmarkIncomplete(path: string): Promise<void> {
  await rm(join(path, INCOMPLETE_FILE), { force: true });
}
