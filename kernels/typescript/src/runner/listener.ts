import type { Kernelspec } from "../kernelspec.js";
import type { CodeCell, Notebook } from "../notebook/notebook-file.js";
import type { Message } from "../wire/message.js";
import type { RunFailure } from "./failure.js";
import type { TreeUsage } from "./process-tree.js";
import type { CellStamp } from "./run-metadata.js";

/** Told what happens while a notebook runs; `number` counts code cells from 1. */
export interface RunListener {
  notebookStarted?(
    notebook: Notebook,
    paths: { input: string; output: string | undefined },
    kernel: Kernelspec,
    values: Readonly<Record<string, unknown>>,
  ): void;
  /** One line on how the run will go about it, e.g. why it starts over. */
  notice?(text: string): void;
  kernelReady?(seconds: number, pid: number): void;
  cellStarted?(cell: CodeCell, number: number): void;
  /** A large stream message comes as several, each with a part of its text. */
  cellMessage?(cell: CodeCell, message: Message): void;
  /** Asked after each message: the next one waits until this resolves. */
  ready?(): Promise<void>;
  cellEnded?(
    cell: CodeCell,
    number: number,
    status: "completed" | "failed" | "skipped" | "kept",
    stamp: CellStamp,
  ): void;
  /** What the kernel and all below it have used since its start. */
  sampled?(number: number, usage: TreeUsage): void;
  saved?(path: string, bytes: number, seconds: number): void;
  /** A save that failed; the run goes on and the next save tries again. */
  saveFailed?(path: string, error: Error): void;
  notebookEnded?(seconds: number, failure: RunFailure | undefined): void;
}

/** One listener that notifies all of `listeners`, in order. */
export function joinListeners(listeners: readonly RunListener[]): Required<RunListener> {
  const all =
    <K extends keyof RunListener>(name: K) =>
    (...values: Parameters<Required<RunListener>[K]>) => {
      for (const listener of listeners)
        (listener[name] as ((...values: unknown[]) => void) | undefined)?.call(listener, ...values); // same name, same values
    };
  return {
    notebookStarted: all("notebookStarted"),
    notice: all("notice"),
    kernelReady: all("kernelReady"),
    cellStarted: all("cellStarted"),
    cellMessage: all("cellMessage"),
    ready: async () => {
      for (const listener of listeners) await listener.ready?.();
    },
    cellEnded: all("cellEnded"),
    sampled: all("sampled"),
    saved: all("saved"),
    saveFailed: all("saveFailed"),
    notebookEnded: all("notebookEnded"),
  };
}
