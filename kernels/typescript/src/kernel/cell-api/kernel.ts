import { kernelHost } from "./host.js";

/** What a cell can ask of the kernel that runs it. */
export interface Kernel {
  /** Aborted when the cell whose code asks is interrupted; every cell gets a fresh one. Never aborted outside a kernel. */
  readonly signal: AbortSignal;
  /** Number of the running cell; 0 outside a kernel. */
  readonly executionCount: number;
  /** Clears the cell's output, with `wait` only when the next output comes. Does nothing outside a kernel. */
  clearOutput(options?: { wait?: boolean }): void;
}

const never = new AbortController().signal;

/** The kernel around the running cell; outside a notebook a stand-in that is never interrupted. */
export const kernel: Kernel = {
  get signal() {
    return kernelHost()?.signal ?? never;
  },
  get executionCount() {
    return kernelHost()?.executionCount ?? 0;
  },
  clearOutput({ wait = false } = {}) {
    kernelHost()?.clearOutput(wait);
  },
};
