import { statfs } from "node:fs/promises";
import { StoreError } from "@ictal/base/errors";
import { isMissing } from "./local-path.js";

/** Throws the StoreError of a full disk when `root`'s has less than `bytes` free, `reserved` counted as free. */
export async function checkSpace(root: string, bytes: number, reserved: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(root);
  const free = bavail * bsize + reserved;
  if (blocks === 0 || free >= bytes) return; // some network file systems report nothing
  const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
  throw new StoreError(
    `the disk of ${root} has ${megabytes(free)} free, expected at least ${megabytes(bytes)} for the remaining download; free some space, select less (--only, --split, --limit) or choose another folder`,
    { code: "DiskFull" },
  );
}

/** True for the errors of a full disk and of a used-up quota. */
export function isDiskFull(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** A file system error as a StoreError with code "DiskFull", "NotWritable" or "InTheWay"; other errors as they are. */
export function explainDisk(error: unknown, root: string, key?: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  const details = key === undefined ? {} : { key };
  if (isDiskFull(error)) {
    const limit = code === "EDQUOT" ? "the disk quota is used up" : "the disk is full";
    return new StoreError(
      `${limit} at ${root}; free some space and run it again: complete files are kept and the download resumes`,
      { ...details, code: "DiskFull" },
      { cause: error },
    );
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new StoreError(
      `cannot write to ${root}: ${message}; choose a folder with write permission`,
      { ...details, code: "NotWritable" },
      { cause: error },
    );
  }
  if (isMissing(error) || code === "EEXIST" || code === "EISDIR") {
    return new StoreError(
      `an existing file or folder below ${root} prevents writing: ${message}; move or delete it`,
      { ...details, code: "InTheWay" },
      { cause: error },
    );
  }
  return error;
}
