import { spawn } from "node:child_process";

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
}

/** Runs a command to its end; never throws. */
export function runToEnd(
  command: string,
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  return new Promise((resolve) => {
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
    child.once("error", (error) => resolve({ code: -1, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

const TAIL_LINES = 6;

/** The last lines of what a command wrote, for an error message. */
export const lastLines = (text: string): string => text.trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
