/** Names and paths inside a key folder. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileEnding, type SampleType } from "./format.js";

/** Names inside a key folder that are not recordings. */
export const DESCRIPTION_FILE = "cache.json";
/** Name of the manifest in a key folder. */
export const MANIFEST_FILE = "manifest.json";
/** Name of the mark of a build in a key folder that left out what nobody accepted. */
export const INCOMPLETE_FILE = "incomplete.txt";
/** Ending of the notes on excluded recordings. */
export const EXCLUSION_ENDING = ".left-out.json";

/** One path segment that is safe on every file system and starts with no dot; unusual characters become `%XX`. */
function safeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/\*/g, "%2A").replace(/^\./, "%2E");
}

/** Path of a recording inside its key folder, without ending, forward slashes. */
export function recordingStem(id: string): string {
  return id.split("/").map(safeSegment).join("/");
}

/** Path of a recording's samples inside its key folder. */
export function recordingFile(id: string, sampleType: SampleType): string {
  return `${recordingStem(id)}${fileEnding(sampleType)}`;
}

/** Every file under a key folder with one of `endings`, relative, forward slashes, ascending; temporary files are not listed. */
export async function listFiles(dir: string, endings: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(dir, relative), { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const path = relative === "" ? entry.name : `${relative}/${entry.name}`;
      if (entry.isDirectory()) await walk(path);
      else if (endings.some((ending) => path.endsWith(ending))) found.push(path);
    }
  };
  await walk("");
  return found.sort();
}

/** Path of a recording's sidecar inside its key folder. */
export function sidecarFile(id: string): string {
  return `${recordingStem(id)}.json`;
}
