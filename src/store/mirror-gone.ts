import { lstat, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { pathOfKey } from "./local-path.js";
import type { Mirror } from "./mirror.js";
import type { MirrorEntry } from "./mirror-index.js";
import { type Refused, type Selection, selectObjects, wayChecker } from "./pull-selection.js";
import { compareKeys, type ObjectInfo, type Store } from "./store.js";

/**
 * Objects that the mirror got from this very store and that a whole listing below `prefix` no longer has, within the
 * selection, in order of key. What other stores or programs put into the folder is never among them.
 */
export function goneEntries(
  mirror: Mirror,
  store: Store,
  listed: readonly ObjectInfo[],
  { prefix = "", ...selection }: Selection & { readonly prefix?: string },
): MirrorEntry[] {
  const present = new Set(listed.map(({ key }) => key));
  const gone = [...mirror.index.entries()].filter(
    ({ key, from }) => from === store.url && key.startsWith(prefix) && !present.has(key),
  );
  const taken = new Set(selectObjects(gone, selection).map(({ key }) => key));
  return gone.filter(({ key }) => taken.has(key)).sort((a, b) => compareKeys(a.key, b.key));
}

/** Removes the files of `entries` and folders left empty; a file that was changed since it came is kept and listed. */
export async function removeEntries(
  mirror: Mirror,
  entries: readonly MirrorEntry[],
): Promise<{ deleted: string[]; kept: Refused[] }> {
  const wayReason = wayChecker(mirror.root);
  const deleted: string[] = [];
  const kept: Refused[] = [];
  for (const entry of entries) {
    const { key } = entry;
    const path = pathOfKey(mirror.root, key);
    const found = await lstat(path).catch(() => undefined);
    const reason = found && ((await wayReason(key)) ?? changeReason(entry, found));
    if (reason !== undefined) {
      kept.push({ key, reason });
      continue;
    }
    await rm(path, { force: true });
    await mirror.index.remove(key);
    await removeEmptyFolders(mirror.root, dirname(path));
    deleted.push(key);
  }
  return { deleted, kept };
}

function changeReason(entry: MirrorEntry, found: { size: number; mtimeMs: number }): string | undefined {
  if (found.size === entry.size && found.mtimeMs === entry.modifiedMilliseconds) return undefined;
  return "was changed here since it was fetched; delete it by hand if it is not wanted";
}

async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let at = folder; at.length > root.length; at = dirname(at)) {
    const isRemoved = await rmdir(at).then(
      () => true,
      () => false, // it holds something
    );
    if (!isRemoved) return;
  }
}
