import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { explainWriteError } from "@ictal/base/atomic-file";

/** What a path or its nearest parent that exists is. */
async function kindOf(path: string): Promise<"folder" | "file"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    const parent = dirname(path);
    return parent === path ? "folder" : await kindOf(parent);
  }
}

/** Throws a StoreError, before long work, where a file cannot be written since a folder is there or a file in the place of its folder. */
export async function checkOutputFile(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const code = isFolder ? "EISDIR" : (await kindOf(dirname(path))) === "file" ? "ENOTDIR" : undefined;
  if (code !== undefined) throw explainWriteError(Object.assign(new Error(code), { code }), path);
}
