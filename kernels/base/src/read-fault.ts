import { NotFoundError, StoreError } from "./errors.js";

const PERMISSION = "no permission to read it; change that, or give another";

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or folder; check the path",
  ENOTDIR: "a part of the path is a file; check the path",
  EISDIR: "it is a folder; give a file",
  ELOOP: "its symbolic links lead in a circle; mend them, or give another path",
  ENAMETOOLONG: "the name is too long; check the path",
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  EIO: "the disk does not give its bytes; check the disk, or copy it again",
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? "";

/** Why the system did not read a file or folder, with what to do about it; undefined for errors of other kinds. */
export function readFault(error: unknown): string | undefined {
  return READ_FAULTS[codeOf(error)];
}

/** True where a file stands in the place of a folder. */
export const isFileForFolder = (error: unknown): boolean => codeOf(error) === "ENOTDIR";

/**
 * The system's refusal to read `path` as an error that says what to do: a NotFoundError where nothing is there, whose message is
 * `missing` when that is given, else a StoreError. Other errors as they are.
 */
export function explainReadError(error: unknown, path: string, missing?: string): unknown {
  const fault = readFault(error);
  if (fault === undefined) return error;
  if (codeOf(error) === "ENOENT") return new NotFoundError(missing ?? `${path}: ${fault}`, path, { cause: error });
  return new StoreError(`cannot read ${path}: ${fault}`, { code: "NotReadable" }, { cause: error });
}
