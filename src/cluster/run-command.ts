import { spawn } from "node:child_process";
import { onAbort } from "@ictal/base/on-abort";
import { PARENT_VARIABLE } from "@ictal/base/parent-watch";
import { parseJson } from "./plan.js";
import { WEBHOOK_VARIABLE } from "./watch/webhook.js";

const KEPT_LINES = 20;

/** How a command ended. */
export interface CommandEnd {
  /** 0 done, 2 wrong use, 130 interrupted with its state saved, else 1. */
  readonly exitCode: 0 | 1 | 2 | 130;
  /** The document it printed; undefined without one. */
  readonly result: unknown;
  /** The end of its standard error. */
  readonly lastLines: string[];
}

function exitCodeOf(code: number | null): CommandEnd["exitCode"] {
  if (code === 0 || code === 2) return code;
  return code === 130 || code === 143 ? 130 : 1;
}

/** Keeps the last lines of a text that comes in pieces; a carriage return begins a line anew. */
class LastLines {
  readonly lines: string[] = [];
  private rest = "";

  push(text: string): void {
    const parts = (this.rest + text).split(/[\r\n]+/);
    this.rest = parts.pop()!;
    this.lines.push(...parts.map((line) => line.trimEnd()).filter((line) => line !== ""));
    this.lines.splice(0, Math.max(0, this.lines.length - KEPT_LINES));
  }

  end(): string[] {
    this.push("\n");
    return this.lines;
  }
}

export interface RunCommandOptions {
  /** Told the id of the process. */
  readonly onStart?: (pid: number) => void;
  /** Told the newest line of standard error. */
  readonly onLine?: (line: string) => void;
  /** Where standard error goes as it comes. @default nowhere */
  readonly tee?: { write(text: string): unknown };
  /** Ends the command with SIGTERM, which lets it save its state. */
  readonly signal?: AbortSignal;
}

/** That of this process; the child ends with it and leaves it to tell of the end. */
function childEnvironment(): NodeJS.ProcessEnv {
  const { [WEBHOOK_VARIABLE]: _, ...rest } = process.env;
  return { ...rest, [PARENT_VARIABLE]: String(process.pid) };
}

/** Run a program that prints one JSON document; never throws for how it ended. */
export function runCommand(argv: readonly string[], options: RunCommandOptions = {}): Promise<CommandEnd> {
  const { onStart, onLine, tee, signal } = options;
  const env = childEnvironment();
  const child = spawn(argv[0]!, argv.slice(1), { env, stdio: ["ignore", "pipe", "pipe"] });
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
