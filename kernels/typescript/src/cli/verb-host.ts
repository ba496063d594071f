import type { Outcome } from "@ictal/base/action";

/** Who wants to know how a run goes, e.g. a heartbeat file. */
export interface RunWatch {
  begin(what: string): Promise<void>;
  update(state: Readonly<Record<string, string | number>>): void;
}

/** Where notebooks lie that are no files, e.g. a bucket. */
export interface NotebookStore {
  /** How its addresses begin, e.g. "s3://". */
  readonly scheme: string;
  read(address: string, signal?: AbortSignal): Promise<Uint8Array>;
  write(address: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** What the program around these verbs brings. */
export interface VerbHost {
  /** How a user calls the verbs that run notebooks, e.g. "ictal-jupyter". */
  readonly call: string;
  /** Notebook that `exec` runs when none is named. */
  readonly defaultNotebook?: string;
  /** Store of notebooks besides files. @default none */
  readonly store?: NotebookStore;
  /** Wraps a verb that may run for hours. */
  watched<A extends unknown[]>(
    verb: string,
    handler: (watch: RunWatch, ...args: A) => Promise<Outcome>,
  ): (...args: A) => Promise<Outcome>;
}

const unwatched: RunWatch = { begin: async () => {}, update: () => {} };

/** The package's own program. */
export const ownHost: VerbHost = {
  call: "ictal-jupyter",
  watched:
    (_verb, handler) =>
    (...args) =>
      handler(unwatched, ...args),
};
