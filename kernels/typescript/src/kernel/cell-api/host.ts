import { KERNEL_HOST } from "@ictal/base/interrupt-signal";

/*
 * How the package `ictal`, in whatever copy a cell imports, reaches the kernel that runs the cell: one object under a
 * global symbol.
 */

/** A comm message as the package sees it. */
export interface CommEvent {
  readonly type: "comm_open" | "comm_msg" | "comm_close";
  readonly id: string;
  readonly data: unknown;
  readonly metadata: Record<string, unknown>;
  readonly buffers: readonly Uint8Array[];
}

export interface KernelHost {
  readonly signal: AbortSignal;
  readonly executionCount: number;
  clearOutput(wait: boolean): void;
  /** Waits for a line from the person at the front end. */
  ask(prompt: string, password: boolean): string;
  sendComm(event: CommEvent & { readonly target?: string }): void;
  /** Calls `listener` for messages of one comm until it is closed. */
  listenComm(id: string, listener: (event: CommEvent) => void): void;
  /** Calls `accept` when a front end opens a comm of `target`; undefined stops that. */
  acceptComms(target: string, accept: ((event: CommEvent) => void) | undefined): void;
}

/** The kernel around this process; undefined outside one. */
export function kernelHost(): KernelHost | undefined {
  return (globalThis as { [KERNEL_HOST]?: KernelHost })[KERNEL_HOST];
}

/** Makes `host` known to every copy of the package. */
export function installHost(host: KernelHost): void {
  (globalThis as { [KERNEL_HOST]?: KernelHost })[KERNEL_HOST] = host;
}
