import { stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { MIRROR_FOLDER } from "./local-path.js";
import { type MirrorIndex, openMirrorIndex } from "./mirror-index.js";
import type { ExpectedDigest } from "./store.js";

interface FoundMirror {
  readonly root: string;
  readonly index: MirrorIndex;
}

/** The mirror that `folder` is, or lies in. */
async function mirrorAround(folder: string): Promise<FoundMirror | undefined> {
  for (let root = folder; ; root = dirname(root)) {
    const path = join(root, MIRROR_FOLDER, "index.jsonl");
    const isThere = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isThere) return { root, index: await openMirrorIndex(path) };
    if (dirname(root) === root) return undefined;
  }
}

/**
 * What a file below `folder` (a real path) must come to when `s3 pull` or a mirror has put it there: the SHA-256 that it had
 * then. A file that was changed since (other size or time of change) is its owner's, and nothing is known of it. The mirror
 * is looked for once, in the folder and those above it.
 */
export function mirrorDigests(folder: string): (key: string, path: string) => Promise<readonly ExpectedDigest[]> {
  let searching: Promise<FoundMirror | undefined> | undefined;
  return async (key, path) => {
    searching ??= mirrorAround(folder);
    const mirror = await searching;
    const entry = mirror?.index.get(relative(mirror.root, join(folder, key)).split(sep).join("/"));
    const found = entry && (await stat(path).catch(() => undefined));
    if (!found || found.size !== entry.size || found.mtimeMs !== entry.modifiedMilliseconds) return [];
    return [{ name: "sha256", hex: entry.sha256 }];
  };
}
