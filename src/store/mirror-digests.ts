import { stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { MIRROR_DIR } from "./local-path.js";
import { type MirrorIndex, openMirrorIndex } from "./mirror-index.js";
import type { ExpectedDigest } from "./store.js";

interface FoundMirror {
  readonly root: string;
  readonly index: MirrorIndex;
}

/** The mirror that `dir` is or is inside. */
async function mirrorAround(dir: string): Promise<FoundMirror | undefined> {
  for (let root = dir; ; root = dirname(root)) {
    const path = join(root, MIRROR_DIR, "index.jsonl");
    const isThere = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isThere) return { root, index: await openMirrorIndex(path) };
    if (dirname(root) === root) return undefined;
  }
}

/** Samples are measurements: a changed recording is another recording, and does not belong into the mirror. */
const RECORDING = /\.(?:edf|bdf|rec|npz)$/i;

/**
 * Expected digest of a file below `dir` (a real path) that `s3 pull` or a mirror has written: its SHA-256 at that time.
 * Annotations and other text files changed since (other size or modification time) were fixed by their owner and have no
 * expected digest; recordings always have. The mirror is searched once, in `dir` and the folders above it.
 */
export function mirrorDigests(dir: string): (key: string, path: string) => Promise<readonly ExpectedDigest[]> {
  let searching: Promise<FoundMirror | undefined> | undefined;
  return async (key, path) => {
    searching ??= mirrorAround(dir);
    const mirror = await searching;
    const entry = mirror?.index.get(relative(mirror.root, join(dir, key)).split(sep).join("/"));
    const found = entry && (await stat(path).catch(() => undefined));
    if (!found) return [];
    const isTouched = found.size !== entry.size || found.mtimeMs !== entry.modifiedMilliseconds;
    if (isTouched && !RECORDING.test(key)) return [];
    return [{ name: "sha256", hex: entry.sha256 }];
  };
}
