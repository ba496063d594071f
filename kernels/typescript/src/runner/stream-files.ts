import { closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { explainWriteError } from "@ictal/base/atomic-file";
import { makeFolder } from "@ictal/base/make-folder";
import { isMessage } from "../wire/message.js";
import type { RunListener } from "./listener.js";

/** Files for what cells write to their streams. */
export interface StreamFiles extends RunListener {
  close(): void;
}

async function openForWriting(path: string): Promise<number> {
  try {
    await makeFolder(dirname(path));
    return openSync(path, "w");
  } catch (error) {
    throw explainWriteError(error, path);
  }
}

/**
 * Writes what cells print on stdout and stderr into files, as it comes; with several notebooks one after the other. A full
 * disk ends a file, not the run: `onFailure` is called once. Throws when a file cannot be opened.
 */
export async function openStreamFiles(
  paths: Readonly<Partial<Record<"stdout" | "stderr", string>>>,
  onFailure: (error: Error) => void,
): Promise<StreamFiles> {
  const files = new Map<string, { path: string; descriptor: number }>();
  const close = (name: string) => {
    const file = files.get(name);
    files.delete(name);
    if (file) closeSync(file.descriptor);
  };
  for (const [name, path] of Object.entries(paths)) files.set(name, { path, descriptor: await openForWriting(path) });
  return {
    cellMessage(_, message) {
      if (!isMessage(message, "stream")) return;
      const { name, text } = message.content;
      const file = files.get(name);
      if (!file) return;
      try {
        writeSync(file.descriptor, text);
      } catch (error) {
        close(name);
        onFailure(explainWriteError(error, file.path) as Error); // fs throws nothing but errors
      }
    },
    close() {
      for (const name of [...files.keys()]) close(name);
    },
  };
}
