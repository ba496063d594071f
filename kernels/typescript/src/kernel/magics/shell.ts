import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { StringDecoder } from "node:string_decoder";

/** How a command ended. */
export interface ShellEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ShellOptions {
  /** Called with text of either stream as it comes. */
  print(name: "stdout" | "stderr", text: string): void;
  /** Aborting interrupts the command and all that it started, and kills them when they do not end. */
  readonly signal?: AbortSignal | undefined;
}

/** What was interrupted has this long to end by itself. */
const GRACE_MILLISECONDS = 1000;

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {} // it is gone
}

/** Runs a script of `shell` in a process group of its own; rejects with the signal's reason when it is aborted. */
export async function runShell(shell: string, script: string, { print, signal }: ShellOptions): Promise<ShellEnd> {
  signal?.throwIfAborted();
  const child = spawn(shell, ["-c", script], { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  for (const name of ["stdout", "stderr"] as const) {
    const decoder = new StringDecoder("utf8");
    child[name].on("data", (chunk: Buffer) => print(name, decoder.write(chunk)));
  }
  let killer: NodeJS.Timeout | undefined;
  const abort = () => {
    signalGroup(child, "SIGINT");
    killer = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MILLISECONDS);
  };
  signal?.addEventListener("abort", abort, { once: true });
  try {
    const [code, by] = (await once(child, "close")) as [number | null, NodeJS.Signals | null]; // the event's contract
    signal?.throwIfAborted();
    return { code, signal: by };
  } finally {
    clearTimeout(killer);
    signal?.removeEventListener("abort", abort);
  }
}

/** "exit code 2", "ended by SIGKILL"; undefined where it ended well. */
export function describeEnd({ code, signal }: ShellEnd): string | undefined {
  if (signal) return `ended by ${signal}`;
  return code === 0 ? undefined : `exit code ${code}`;
}
