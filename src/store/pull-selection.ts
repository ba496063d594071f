import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { symbolicLinkInPath, unsafeKeyReason } from "./local-path.js";
import type { ObjectInfo } from "./store.js";

/** Which objects to select; a filter that is not given selects all. */
export interface Selection {
  /** Extensions without the dot, such as "edf" or "csv_bi". */
  readonly only?: readonly string[] | undefined;
  /** Splits, as folder names within the keys. */
  readonly splits?: readonly string[] | undefined;
  /** Patients, as folder names within the keys. */
  readonly patients?: readonly string[] | undefined;
  /** Exactly these keys. */
  readonly keys?: readonly string[] | undefined;
  /** Number of recordings (.edf, .bdf), in the order of their keys, each with the files of the same name and another extension. */
  readonly limit?: number | undefined;
}

/** What a selection goes by. */
type Listed = Pick<ObjectInfo, "key" | "size">;

/** An object that cannot be stored as a file. */
export interface RejectedKey {
  readonly key: string;
  readonly reason: string;
}

/** The selected objects, in the order given. Empty objects that represent folders are excluded. */
export function selectObjects<T extends Listed>(objects: readonly T[], selection: Selection): T[] {
  const splits = selection.splits && new Set(selection.splits);
  const patients = selection.patients && new Set(selection.patients);
  const only = selection.only && new Set(selection.only.map((name) => name.replace(/^\./, "").toLowerCase()));
  const keys = selection.keys && new Set(selection.keys);
  const inFolders = objects.filter(({ key, size }) => {
    if (size === 0 && key.endsWith("/")) return false;
    if (keys && !keys.has(key)) return false;
    const folders = key.split("/").slice(0, -1);
    return (
      (!splits || folders.some((name) => splits.has(name))) && (!patients || folders.some((name) => patients.has(name)))
    );
  });
  const limited = selection.limit === undefined ? inFolders : firstRecordings(inFolders, selection.limit);
  return only ? limited.filter(({ key }) => only.has(extensionOf(key))) : limited;
}

/** Names of splits and patients that no key has as a folder. */
export function unmatchedNames(objects: readonly ObjectInfo[], { splits = [], patients = [] }: Selection): string[] {
  if (splits.length + patients.length === 0) return [];
  const folders = new Set(objects.flatMap(({ key }) => key.split("/").slice(0, -1)));
  return [...splits, ...patients].filter((name) => !folders.has(name));
}

function firstRecordings<T extends Listed>(objects: readonly T[], limit: number): T[] {
  const stems = new Set<string>();
  for (const { key } of objects) {
    if (stems.size === limit) break;
    if (/^(edf|bdf)$/.test(extensionOf(key))) stems.add(stemOf(key));
  }
  return objects.filter(({ key }) => stems.has(stemOf(key)));
}

function extensionOf(key: string): string {
  const name = key.slice(key.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot < 0 ? "" : name.slice(dot + 1).toLowerCase();
}

function stemOf(key: string): string {
  const extension = extensionOf(key);
  return extension === "" ? key : key.slice(0, -extension.length - 1);
}

/** Splits the objects into those whose keys can be files below a folder and those whose keys cannot, also because of each other. */
export function rejectUnsafeKeys(
  objects: readonly ObjectInfo[],
  caseInsensitive: boolean,
): { safe: ObjectInfo[]; refused: RejectedKey[] } {
  const safe: ObjectInfo[] = [];
  const refused: RejectedKey[] = [];
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const fold = (path: string) => (caseInsensitive ? path.normalize("NFC").toLowerCase() : path);
  for (const info of objects) {
    const { key } = info;
    const reason = unsafeKeyReason(key) ?? conflictReason(key, files, folders, fold);
    if (reason !== undefined) {
      refused.push({ key, reason });
      continue;
    }
    safe.push(info);
    files.set(fold(key), key);
    for (const folder of foldersOf(key)) if (!folders.has(fold(folder))) folders.set(fold(folder), folder);
  }
  return { safe, refused };
}

function conflictReason(
  key: string,
  files: ReadonlyMap<string, string>,
  folders: ReadonlyMap<string, string>,
  fold: (path: string) => string,
): string | undefined {
  const existing = files.get(fold(key));
  if (existing === key) return "is listed more than once by the store";
  if (existing !== undefined) return `is the same file as "${existing}" on this file system, which is case-insensitive`;
  if (folders.has(fold(key))) return `is a file where "${folders.get(fold(key))}/" must be a folder`;
  for (const folder of foldersOf(key)) {
    const file = files.get(fold(folder));
    if (file !== undefined) return `needs a folder where "${file}" is a file`;
  }
  return undefined;
}

function foldersOf(key: string): string[] {
  return [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index));
}

/** Returns for each key why the existing files and links of `root` prevent writing it, or undefined; checks each folder once. */
export function pathChecker(root: string): (key: string) => Promise<string | undefined> {
  const folders = new Map<string, Promise<string | undefined>>();
  const folderReason = async (folder: string): Promise<string | undefined> => {
    const link = await symbolicLinkInPath(root, folder);
    if (link !== undefined) return `would be written through the symbolic link ${link}`;
    const found = await lstat(join(root, folder)).catch(() => undefined);
    return found && !found.isDirectory() ? `needs a folder where ${join(root, folder)} is a file` : undefined;
  };
  return async (key) => {
    const folder = key.slice(0, Math.max(0, key.lastIndexOf("/")));
    if (folder !== "" && !folders.has(folder)) folders.set(folder, folderReason(folder));
    const above = folder === "" ? undefined : await folders.get(folder);
    if (above !== undefined) return above;
    const path = join(root, key);
    const found = await lstat(path).catch(() => undefined);
    if (found?.isSymbolicLink()) return `would be written through the symbolic link ${path}`;
    return found && !found.isFile() ? `is a file where ${path} is a folder` : undefined;
  };
}
