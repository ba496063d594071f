import { lstat, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { StoreError } from "@ictal/base/errors";

/** The folder inside a mirror that holds its index and partial files; never listed as objects. */
export const MIRROR_DIR = ".ictal-mirror";

const MAX_NAME_BYTES = 255; // of one path segment on the usual file systems
const MAX_KEY_BYTES = 1024; // S3's own limit

/** Why `key` cannot name a file below a folder, or undefined when it can. Looks at the text only. */
export function unsafeKeyReason(key: string): string | undefined {
  if (key === "") return "empty key";
  if (key.includes("\0")) return "holds a NUL character";
  if (key.includes("\\")) return "holds a backslash, which is a path separator on some systems";
  if (key.startsWith("/")) return "starts with a slash, so it would be an absolute path";
  if (/^[A-Za-z]:/.test(key)) return "starts with a drive letter";
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  for (const segment of key.split("/")) {
    if (segment === "..") return 'holds "..", which would leave the folder';
    if (segment === ".") return 'holds ".", which names no file of its own';
    if (segment === "") return "holds an empty folder or file name";
    if (segment === MIRROR_DIR) return `holds ${MIRROR_DIR}, which is reserved for the mirror`;
    if (Buffer.byteLength(segment) > MAX_NAME_BYTES) return `holds a name longer than ${MAX_NAME_BYTES} bytes`;
  }
  return undefined;
}

/** The path of `key` below `root`; StoreError with code "UnsafeKey" when the key would leave it. */
export function pathOfKey(root: string, key: string): string {
  const reason = unsafeKeyReason(key);
  if (reason)
    throw new StoreError(`key ${JSON.stringify(key)} ${reason}; rename the object`, { key, code: "UnsafeKey" });
  return join(root, ...key.split("/"));
}

/** True when `path` is `root` or lies below it; both absolute and resolved. */
export function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** The first symbolic link among the folders between `root` and `key`'s file, the file included, or undefined. */
export async function symbolicLinkInPath(root: string, key: string): Promise<string | undefined> {
  let path = root;
  for (const segment of key.split("/")) {
    path = join(path, segment);
    const found = await lstat(path).catch(() => undefined);
    if (!found) return undefined;
    if (found.isSymbolicLink()) return path;
  }
  return undefined;
}

/** The real path of `path` when it stays within `realRoot`; undefined when missing; StoreError when a link leads out. */
export async function realPathInside(realRoot: string, path: string, key: string): Promise<string | undefined> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if (isInside(realRoot, real)) return real;
  throw new StoreError(
    `"${key}" of ${realRoot} is a symbolic link to ${real}, outside the folder; set ICTAL_FOLLOW_LINKS=1 to allow that, or copy the data`,
    { key, code: "LinkOutside" },
  );
}

/** True for the errors of a path that does not exist, a file where a folder was expected included. */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ENOENT" || code === "ENOTDIR";
}
