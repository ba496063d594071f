import { spawn } from "node:child_process";
import { onAbort } from "./on-abort.js";

/** How a command ended and all that it wrote. */
export interface CommandOutput {
  /** -1 when it could not be started; `output` is then the reason. */
  readonly code: number;
  readonly output: string;
}

export interface CommandOptions {
  /** @default the working folder */
  readonly cwd?: string | undefined;
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Aborting ends the command with SIGTERM. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a command to its end; throws nothing but the signal's reason. */
export function runToEnd(
  command: string,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const release = onAbort(signal, () => child.kill());
    const end = (result: CommandOutput) => {
      release();
      if (signal?.aborted) reject(signal.reason);
      else resolve(result);
    };
    child.once("error", (error) => end({ code: -1, output: error.message }));
    child.once("close", (code) => end({ code: code ?? -1, output }));
  });
}

const TAIL_LINES = 6;

/** The last lines of what a command wrote, for an error message. */
export const lastLines = (text: string): string => text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
