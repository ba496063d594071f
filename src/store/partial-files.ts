import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { threadId } from "node:worker_threads";
import { hashOf, sha256 } from "@ictal/base/canonical";
import { isAlive } from "@ictal/base/process-alive";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";
import { isMissing } from "./local-path.js";
import type { ExpectedDigest, ObjectInfo } from "./store.js";

/**
 * Partial files of interrupted downloads: `<key>.<version>.<owner>.part` contains the first bytes of one version of one object,
 * and `<key>.<version>.json` the metadata of that version. Only its owner writes a partial file; one whose owner has ended is
 * taken over by renaming it, which only one process can do.
 */

/** The folder of partial files. */
export interface PartialFileDir {
  readonly path: string;
  /** Files that existed when it was opened or were released since; files that other processes start meanwhile are theirs. */
  readonly names: Set<string>;
}

export async function openPartialFileDir(path: string): Promise<PartialFileDir> {
  return { path, names: new Set(await readdir(path)) };
}

/** A partial file that this process owns. */
export interface PartialFile {
  readonly path: string;
  /** Bytes that it contains already. */
  readonly offset: number;
  /** Expected digests of the whole object, from the note; undefined before the first response. */
  readonly digests: readonly ExpectedDigest[] | undefined;
}

const digestSchema = z.object({
  name: z.enum(["md5", "sha1", "sha256", "crc32", "crc32c", "crc64nvme"]),
  hex: z.string().regex(/^[0-9a-f]+$/),
});

/** The note with the metadata of a partial file. */
const noteSchema = z.strictObject({
  key: z.string(),
  size: z.number().int().min(0),
  etag: z.string().optional(),
  digests: z.array(digestSchema),
});

const OTHER_HOST_TIMEOUT_MILLISECONDS = 10 * 60_000;
const host = sha256(hostname()).slice(0, 8);
let serial = 0;

const keyName = (key: string) => sha256(key).slice(0, 24);
const versionName = ({ size, etag, modifiedMilliseconds }: ObjectInfo) =>
  hashOf(etag === undefined ? { size, modifiedMilliseconds } : { size, etag }, 16);

function ownName(): string {
  serial += 1;
  return `${host}-${process.pid}-${threadId}-${serial}`;
}

/** Takes over the partial file of this version whose owner has ended, or names a new one; deletes those of other versions. */
export async function claimPartialFile({ path: dir, names }: PartialFileDir, info: ObjectInfo): Promise<PartialFile> {
  const key = keyName(info.key);
  const version = versionName(info);
  const own = join(dir, `${key}.${version}.${ownName()}.part`);
  const found = [...names].filter((name) => name.startsWith(`${key}.`));
  if (found.length === 0) return { path: own, offset: 0, digests: undefined };
  const digests = await readNoteDigests(dir, info);
  let offset = 0;
  for (const name of found) {
    const [, foundVersion, owner, kind] = name.split(".");
    const path = join(dir, name);
    if (kind !== "part" || owner === undefined) {
      if (foundVersion === version) continue;
      await rm(path, { force: true });
    } else {
      if (await isOwned(path, owner)) continue;
      if (foundVersion !== version || digests === undefined || offset > 0) await rm(path, { force: true });
      else offset = await takeOver(path, own, info.size);
    }
    names.delete(name);
  }
  return { path: own, offset, digests: offset > 0 ? digests : undefined };
}

async function takeOver(path: string, own: string, size: number): Promise<number> {
  try {
    await rename(path, own);
    return Math.min((await stat(own)).size, size);
  } catch (error) {
    if (isMissing(error)) return 0; // another process took it over
    throw error;
  }
}

async function isOwned(path: string, owner: string): Promise<boolean> {
  if (owner.startsWith("free-")) return false;
  const [ownerHost, pid] = owner.split("-");
  if (ownerHost === host) return isAlive(Number(pid));
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < OTHER_HOST_TIMEOUT_MILLISECONDS;
}

/** The note with the metadata of this version, written with the partial file so that it can be resumed after a crash. */
export function partialFileNote({ path }: PartialFileDir, info: ObjectInfo, digests: readonly ExpectedDigest[]) {
  const { key, size, etag } = info;
  const note = { key, size, digests, ...(etag !== undefined && { etag }) };
  return { path: notePath(path, info), text: JSON.stringify(note) }; // if a crash truncates it, only the partial file is lost
}

const notePath = (dir: string, info: ObjectInfo) => join(dir, `${keyName(info.key)}.${versionName(info)}.json`);

async function readNoteDigests(dir: string, info: ObjectInfo): Promise<readonly ExpectedDigest[] | undefined> {
  try {
    const path = notePath(dir, info);
    const note = parseJson(noteSchema, await readFile(path, "utf8"), path, "the download starts again");
    return note.key === info.key && note.size === info.size && note.etag === info.etag ? note.digests : undefined;
  } catch {
    return undefined; // missing, truncated or not ours: the download starts again
  }
}

/** Lets any process resume the partial file. */
export async function releasePartialFile({ names }: PartialFileDir, partial: PartialFile): Promise<void> {
  const freed = partial.path.replace(/\.([^.]+)\.part$/, ".free-$1.part");
  try {
    await rename(partial.path, freed);
    names.add(basename(freed));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Deletes the partial file and its note. */
export async function deletePartialFile(
  { path }: PartialFileDir,
  info: ObjectInfo,
  partial: PartialFile,
): Promise<void> {
  await rm(partial.path, { force: true });
  await rm(notePath(path, info), { force: true });
}

/** Total size of partial files. */
export async function partialFileBytes({ path, names }: PartialFileDir): Promise<number> {
  let total = 0;
  for (const name of names) {
    if (name.endsWith(".part")) total += (await stat(join(path, name)).catch(() => undefined))?.size ?? 0;
  }
  return total;
}
