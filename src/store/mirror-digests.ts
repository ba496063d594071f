import { stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { MIRROR_DIR } from "./local-path.js";
import { type MirrorIndex, openMirrorIndex } from "./mirror-index.js";
import type { ExpectedDigest } from "./store.js";

interface FoundMirror {
  readonly root: string;
  readonly index: MirrorIndex;
}

/** The mirror that `folder` is, or lies in. */
async function mirrorAround(folder: string): Promise<FoundMirror | undefined> {
  for (let root = folder; ; root = dirname(root)) {
    const path = join(root, MIRROR_DIR, "index.jsonl");
    const isThere = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isThere) return { root, index: await openMirrorIndex(path) };
    if (dirname(root) === root) return undefined;
  }
}

/** Samples are measured: whoever changes them makes another recording, which has its place outside the mirror. */
const RECORDING = /\.(?:edf|bdf|rec|npz)$/i;

/**
 * What a file below `folder` (a real path) must come to when `s3 pull` or a mirror has put it there: the SHA-256 that it had
 * then. Annotations and other texts that were changed since (other size or time of change) are their owner's, who mends them
 * there, and nothing is known of them; a recording is compared all the same. The mirror is looked for once, in the folder
 * and those above it.
 */
export function mirrorDigests(folder: string): (key: string, path: string) => Promise<readonly ExpectedDigest[]> {
  let searching: Promise<FoundMirror | undefined> | undefined;
  return async (key, path) => {
    searching ??= mirrorAround(folder);
    const mirror = await searching;
    const entry = mirror?.index.get(relative(mirror.root, join(folder, key)).split(sep).join("/"));
    const found = entry && (await stat(path).catch(() => undefined));
    if (!found) return [];
    const isTouched = found.size !== entry.size || found.mtimeMs !== entry.modifiedMilliseconds;
    if (isTouched && !RECORDING.test(key)) return [];
    return [{ name: "sha256", hex: entry.sha256 }];
  };
}
