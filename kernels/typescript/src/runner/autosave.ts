import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { temporaryName, writeFileAtomic } from "@ictal/base/atomic-file";
import { StoreError } from "@ictal/base/errors";
import { formatNotebook, type Notebook } from "../notebook/notebook-file.js";
import type { RunListener } from "./listener.js";

/** Saves a notebook while it runs. */
export interface Autosave {
  /** Saves now; throws the error of the disk. */
  first(): Promise<void>;
  /** Saves as soon as a save that is under way has ended; notifies the listener of a failure and never throws. */
  save(): Promise<void>;
  /** Saves for good. When the disk refuses, a copy goes to the temporary folder and a StoreError names it. */
  last(): Promise<void>;
}

/** Saves of `notebook` to `path`, one at a time; `settle` is called before each. */
export function createAutosave(
  path: string,
  notebook: Notebook,
  settle: () => void,
  listener: Pick<Required<RunListener>, "saved" | "saveFailed">,
): Autosave {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const write = async (to: string) => {
    const started = performance.now();
    settle();
    const text = formatNotebook(notebook);
    await writeFileAtomic(to, text);
    listener.saved(to, Buffer.byteLength(text), (performance.now() - started) / 1000);
  };
  const attempt = (): Promise<void> => {
    current = write(path)
      .catch((error: Error) => listener.saveFailed(path, error))
      .finally(() => {
        current = undefined;
      });
    return current;
  };
  const rescue = async (error: unknown): Promise<never> => {
    const copy = temporaryName(join(tmpdir(), basename(path)));
    const retained = await write(copy).then(
      () => `; what ran is saved in ${copy}`,
      () => "", // that disk is full too: only the first refusal is reported
    );
    throw new StoreError((error as Error).message + retained, { key: path }, { cause: error });
  };
  return {
    first: () => write(path),
    save() {
      if (!current) return attempt();
      next ??= current.then(() => {
        next = undefined;
        return attempt();
      });
      return next;
    },
    async last() {
      await (next ?? current);
      await write(path).catch(rescue);
    },
  };
}

/** For a run that saves nothing. */
export const NO_AUTOSAVE: Autosave = { first: async () => {}, save: async () => {}, last: async () => {} };

/**
 * Calls `save` every `seconds`, when `changed` returns true; a save that takes long spreads the
 * next ones out to at most a fifth of the time. Returns the function that ends it.
 */
export function saveRegularly(seconds: number, changed: () => boolean, save: () => Promise<void>): () => void {
  let timer: NodeJS.Timeout;
  let ended = false;
  const later = (milliseconds: number) => {
    if (!ended) timer = setTimeout(tick, milliseconds);
  };
  const tick = async () => {
    const started = performance.now();
    if (changed()) await save();
    later(Math.max(seconds * 1000, 4 * (performance.now() - started)));
  };
  later(seconds * 1000);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
