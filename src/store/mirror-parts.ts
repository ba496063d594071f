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
 * Unfinished downloads: `<key>.<version>.<owner>.part` holds the first bytes of one version of one object, and
 * `<key>.<version>.json` what is known of that version. Only the owner writes a part; one whose owner is gone is taken
 * over by renaming it, which only one process can do.
 */

/** The folder of unfinished downloads. */
export interface PartFolder {
  readonly path: string;
  /** What lay there when it was opened or was left there since; what other processes begin meanwhile is theirs. */
  readonly names: Set<string>;
}

export async function openPartFolder(path: string): Promise<PartFolder> {
  return { path, names: new Set(await readdir(path)) };
}

/** A part that this process owns. */
export interface Part {
  readonly path: string;
  /** Bytes that are there already. */
  readonly offset: number;
  /** What the whole object must come to, as the note beside the part has it; undefined until the first answer told. */
  readonly digests: readonly ExpectedDigest[] | undefined;
}

const digestSchema = z.object({
  name: z.enum(["md5", "sha1", "sha256", "crc32", "crc32c", "crc64nvme"]),
  hex: z.string().regex(/^[0-9a-f]+$/),
});

/** The sidecar of a part. */
const partFactsSchema = z.strictObject({
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

/** Takes over the part of this version that a dead owner left, or names one to be begun; drops parts of other versions. */
export async function claimPart({ path: folder, names }: PartFolder, info: ObjectInfo): Promise<Part> {
  const key = keyName(info.key);
  const version = versionName(info);
  const own = join(folder, `${key}.${version}.${ownName()}.part`);
  const found = [...names].filter((name) => name.startsWith(`${key}.`));
  if (found.length === 0) return { path: own, offset: 0, digests: undefined };
  const digests = await readFacts(folder, info);
  let offset = 0;
  for (const name of found) {
    const [, foundVersion, owner, kind] = name.split(".");
    const path = join(folder, name);
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
    if (isMissing(error)) return 0; // another process was faster
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

/** What the first answer told of this version, to be written beside its part so that it can be taken up after a crash. */
export function partNote({ path }: PartFolder, info: ObjectInfo, digests: readonly ExpectedDigest[]) {
  const { key, size, etag } = info;
  const facts = { key, size, digests, ...(etag !== undefined && { etag }) };
  return { path: factsPath(path, info), text: JSON.stringify(facts) }; // cut short by a crash, it only costs the part
}

const factsPath = (folder: string, info: ObjectInfo) => join(folder, `${keyName(info.key)}.${versionName(info)}.json`);

async function readFacts(folder: string, info: ObjectInfo): Promise<readonly ExpectedDigest[] | undefined> {
  try {
    const path = factsPath(folder, info);
    const facts = parseJson(partFactsSchema, await readFile(path, "utf8"), path, "the part is begun again");
    return facts.key === info.key && facts.size === info.size && facts.etag === info.etag ? facts.digests : undefined;
  } catch {
    return undefined; // missing, cut short or not ours: the part is begun again
  }
}

/** Lets any process take the part up. */
export async function releasePart({ names }: PartFolder, part: Part): Promise<void> {
  const freed = part.path.replace(/\.([^.]+)\.part$/, ".free-$1.part");
  try {
    await rename(part.path, freed);
    names.add(basename(freed));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Removes the part and its sidecar. */
export async function dropPart({ path }: PartFolder, info: ObjectInfo, part: Part): Promise<void> {
  await rm(part.path, { force: true });
  await rm(factsPath(path, info), { force: true });
}

/** Bytes that unfinished downloads hold. */
export async function partBytes({ path, names }: PartFolder): Promise<number> {
  let total = 0;
  for (const name of names) {
    if (name.endsWith(".part")) total += (await stat(join(path, name)).catch(() => undefined))?.size ?? 0;
  }
  return total;
}
