import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { linkInTheWay, unsafeKeyReason } from "./local-path.js";
import type { ObjectInfo } from "./store.js";

/** Which objects to take; each filter that is left out takes all. */
export interface Selection {
  /** Extensions without the dot, such as "edf" or "csv_bi". */
  readonly only?: readonly string[];
  /** Splits, as folder names within the keys. */
  readonly splits?: readonly string[];
  /** Patients, as folder names within the keys. */
  readonly patients?: readonly string[];
  /** Exactly these keys. */
  readonly keys?: readonly string[];
  /** Number of recordings (.edf, .bdf), in the order of their keys, each with the files beside it of the same stem. */
  readonly limit?: number;
}

/** An object that cannot be stored as a file. */
export interface Refused {
  readonly key: string;
  readonly reason: string;
}

/** The objects that a selection takes, in the order given. Empty objects that stand for folders are left out. */
export function selectObjects(objects: readonly ObjectInfo[], selection: Selection): ObjectInfo[] {
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

function firstRecordings(objects: readonly ObjectInfo[], limit: number): ObjectInfo[] {
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

/** Parts the objects into those that can be files below `root` and those that cannot, judged by their keys together. */
export function refuseUnsafe(
  objects: readonly ObjectInfo[],
  caseBlind: boolean,
): { safe: ObjectInfo[]; refused: Refused[] } {
  const safe: ObjectInfo[] = [];
  const refused: Refused[] = [];
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  const fold = (path: string) => (caseBlind ? path.normalize("NFC").toLowerCase() : path);
  for (const info of objects) {
    const { key } = info;
    const reason = unsafeKeyReason(key) ?? clashReason(key, files, folders, fold);
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

function clashReason(
  key: string,
  files: ReadonlyMap<string, string>,
  folders: ReadonlyMap<string, string>,
  fold: (path: string) => string,
): string | undefined {
  const twin = files.get(fold(key));
  if (twin === key) return "is listed more than once by the store";
  if (twin !== undefined)
    return `is the same file as "${twin}" on this disk, which does not tell upper from lower case`;
  if (folders.has(fold(key))) return `is a file where "${folders.get(fold(key))}/" must be a folder`;
  for (const folder of foldersOf(key)) {
    const file = files.get(fold(folder));
    if (file !== undefined) return `needs a folder where "${file}" is a file`;
  }
  return undefined;
}

function foldersOf(key: string): string[] {
  const cuts = [...key.matchAll(/\//g)].map(({ index }) => index);
  return cuts.map((cut) => key.slice(0, cut));
}

/** Says of each key whether something in the folder itself forbids it; looks at each folder once. */
export function wayChecker(root: string): (key: string) => Promise<string | undefined> {
  const folders = new Map<string, Promise<string | undefined>>();
  const folderReason = async (folder: string): Promise<string | undefined> => {
    const link = await linkInTheWay(root, folder);
    if (link !== undefined) return `would be written through the link ${link}`;
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
    if (found?.isSymbolicLink()) return `would be written through the link ${path}`;
    return found && !found.isFile() ? `is a file where ${path} is a folder` : undefined;
  };
}
