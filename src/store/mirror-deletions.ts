import { lstat, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { pathOfKey } from "./local-path.js";
import type { Mirror } from "./mirror.js";
import type { MirrorEntry } from "./mirror-index.js";
import { pathChecker, type RejectedKey, type Selection, selectObjects } from "./pull-selection.js";
import { compareKeys, type ObjectInfo, type Store } from "./store.js";

/**
 * Objects that the mirror downloaded from this store and that a complete listing below `prefix` no longer contains, within the
 * selection, in order of key. Files from other stores or programs are never among them.
 */
export function entriesDeletedRemotely(
  mirror: Mirror,
  store: Store,
  listed: readonly ObjectInfo[],
  { prefix = "", ...selection }: Selection & { readonly prefix?: string | undefined },
): MirrorEntry[] {
  const present = new Set(listed.map(({ key }) => key));
  const deleted = [...mirror.index.entries()].filter(
    ({ key, from }) => from === store.url && key.startsWith(prefix) && !present.has(key),
  );
  return selectObjects(deleted, selection).sort((a, b) => compareKeys(a.key, b.key));
}

/** Deletes the files of `entries` and folders that become empty; files changed since their download are kept and listed. */
export async function removeEntries(
  mirror: Mirror,
  entries: readonly MirrorEntry[],
): Promise<{ deleted: string[]; kept: RejectedKey[] }> {
  const pathReason = pathChecker(mirror.root);
  const deleted: string[] = [];
  const kept: RejectedKey[] = [];
  for (const entry of entries) {
    const { key } = entry;
    const path = pathOfKey(mirror.root, key);
    const found = await lstat(path).catch(() => undefined);
    const reason = found && ((await pathReason(key)) ?? changeReason(entry, found));
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
  return "was changed locally after its download; delete it yourself if it is not needed";
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
