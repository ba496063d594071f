import type { Notebook } from "../notebook/notebook-file.js";
import type { PrepareOptions } from "../parameters/prepare.js";
import type { RunFailure } from "./failure.js";
import type { RunListener } from "./listener.js";
import type { Receipt } from "./receipt.js";
import type { StillImages } from "./still-images.js";

export interface ExecuteOptions extends PrepareOptions {
  /** Go on after the last good cell of the notebook stored at `output`, where what its outputs rest on still holds. */
  readonly resume?: boolean | undefined;
  /** Only writes the notebook with its parameters injected; no kernel is started. */
  readonly prepareOnly?: boolean | undefined;
  /** Longest time for one cell. @default no limit */
  readonly cellTimeoutSeconds?: number | undefined;
  /** Longest time for all cells, from the moment the kernel is ready. @default no limit */
  readonly timeoutSeconds?: number | undefined;
  /** @default 60 */
  readonly startTimeoutSeconds?: number | undefined;
  /** Time between saves within a long cell. @default 30 */
  readonly saveIntervalSeconds?: number | undefined;
  /**
   * Lets a run pass although an error came that no cell awaited or caught (a rejected promise, a timer, a stream), or a cell
   * set process.exitCode. @default false
   */
  readonly allowLateErrors?: boolean | undefined;
  /**
   * Goes on after a cell that failed, and lets the run pass; late errors are allowed as well. The cells are marked as failed.
   * @default false
   */
  readonly allowErrors?: boolean | undefined;
  /** Marks every code cell's source as hidden, as papermill does for reports. @default false */
  readonly reportMode?: boolean | undefined;
  /** Characters of output that a cell may keep. @default 32 million */
  readonly maximumOutput?: number | undefined;
  /** Aborting interrupts the cell, saves what there is and ends the run as "interrupted". */
  readonly signal?: AbortSignal | undefined;
  /** Still pictures of figures, drawn at the end of the run by Chromium. @default "never" */
  readonly stillImages?: StillImages | undefined;
  readonly listeners?: readonly RunListener[] | undefined;
}

export interface RunResult {
  readonly input: string;
  /** Absolute path of the executed notebook; undefined when none was to be written. */
  readonly output: string | undefined;
  readonly seconds: number;
  /** Number of code cells. */
  readonly cells: number;
  readonly failure: RunFailure | undefined;
  /** What failed and was allowed to. */
  readonly allowed: readonly RunFailure[];
  /** Work that cells had begun and that was cut off when the kernel ended, in words. */
  readonly pending: readonly string[];
  readonly receipt: Receipt | undefined;
  /** What cells recorded by `output(name, value)`, by name. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly notebook: Notebook;
}
