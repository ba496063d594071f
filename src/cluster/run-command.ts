import { spawn } from "node:child_process";
import { onAbort } from "@ictal/base/on-abort";
import { PARENT_VARIABLE } from "@ictal/base/parent-watch";
import { parseJson } from "./plan.js";
import { WEBHOOK_VARIABLE } from "./watch/webhook.js";

const RETAINED_LINES = 20;

/** How a command ended. */
export interface CommandEnd {
  /** 0 success, 2 usage error, 130 interrupted with its state saved, otherwise 1. */
  readonly exitCode: 0 | 1 | 2 | 130;
  /** The document it printed; undefined without one. */
  readonly result: unknown;
  /** Last lines of its standard error. */
  readonly lastLines: string[];
}

function exitCodeOf(code: number | null): CommandEnd["exitCode"] {
  if (code === 0 || code === 2) return code;
  return code === 130 || code === 143 ? 130 : 1;
}

/** The last lines of a text that arrives in chunks; a carriage return starts a new line. */
class LastLines {
  readonly lines: string[] = [];
  private rest = "";

  push(text: string): void {
    const parts = (this.rest + text).split(/[\r\n]+/);
    this.rest = parts.pop() ?? "";
    this.lines.push(...parts.map((line) => line.trimEnd()).filter((line) => line !== ""));
    this.lines.splice(0, Math.max(0, this.lines.length - RETAINED_LINES));
  }

  end(): string[] {
    this.push("\n");
    return this.lines;
  }
}

export interface RunCommandOptions {
  /** Called with the process id. */
  readonly onStart?: ((pid: number) => void) | undefined;
  /** Called with the newest line of standard error. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Receives standard error as it arrives. @default none */
  readonly tee?: { write(text: string): unknown } | undefined;
  /** Ends the command with SIGTERM, which lets it save its state. */
  readonly signal?: AbortSignal | undefined;
}

/** The environment of this process; the child ends with its parent and leaves the webhook to it. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { [WEBHOOK_VARIABLE]: _, ...rest } = process.env;
  return { ...rest, [PARENT_VARIABLE]: String(process.pid) };
}

/** Runs a program that prints one JSON document; does not throw when the program fails. */
export function runCommand(
  [program = "", ...args]: readonly string[],
  options: RunCommandOptions = {},
): Promise<CommandEnd> {
  const { onStart, onLine, tee, signal } = options;
  const env = childEnvironment();
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  if (child.pid !== undefined) onStart?.(child.pid);
  const errors = new LastLines();
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    tee?.write(text);
    errors.push(text);
    const line = errors.lines.at(-1);
    if (line !== undefined) onLine?.(line);
  });
  const stop = () => void child.kill("SIGTERM");
  const remove = onAbort(signal, stop);
  return new Promise((settle) => {
    const end = (exitCode: CommandEnd["exitCode"], more: readonly string[]) => {
      remove();
      settle({ exitCode, result: parseJson(output), lastLines: [...errors.end(), ...more] });
    };
    child.once("error", (error) => end(1, [error.message]));
    child.once("close", (code, killer) => {
      if (killer === "SIGTERM" && signal?.aborted) end(130, []);
      else
        end(exitCodeOf(code), killer ? [`ended by ${killer}${killer === "SIGKILL" ? " (out of memory?)" : ""}`] : []);
    });
  });
}
