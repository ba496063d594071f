import { explainWriteError } from "./atomic-file.js";
import { asCalled } from "./call-name.js";
import { isIctalError, StoreError } from "./errors.js";
import { machineFault } from "./machine-fault.js";
import { printable, printableJson, printableLines } from "./printable.js";
import { explainReadError } from "./read-fault.js";

export { printable };

/** What a verb hands back: one JSON document for scripts, text for people, and the exit code. */
export interface Outcome {
  /** Printed alone on stdout with `--json`. */
  readonly json: unknown;
  /** Printed on stdout without `--json`; with `--json` it is not printed. */
  readonly text?: string;
  /** What came of it in a line, for whoever watches the run. @default the first line of `text` */
  readonly message?: string;
  /** 0 done, 1 the work failed. @default 0 */
  readonly exitCode?: number;
}

let program = "ictal";

/** The name under which messages speak; a program that is not `ictal` calls it before its first verb. */
export function nameProgram(name: string): void {
  program = name;
}

/** The name under which messages speak. */
export const programName = (): string => program;

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Exit code of an error: 2 for wrong use and wrong configuration, 130 for an interrupt, else 1. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || isIctalError(error, "ConfigError")) return 2;
  if (error instanceof Error && error.name === "AbortError") return 130;
  return 1;
}

/**
 * One line for people: what, where, what to do; the stack only with ICTAL_DEBUG set. Further lines of a message are
 * indented, so that none passes for a message of its own; nothing in it steers a terminal.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return printable(String(error));
  if (process.env.ICTAL_DEBUG) return printableLines(error.stack ?? error.message);
  const explained = explainFolderError(error);
  const isOwn = isIctalError(explained) || explained instanceof UsageError;
  const fault = isOwn ? undefined : machineFault(explained);
  const plain = fault === undefined ? `${explained.name}: ${explained.message}` : `this machine cannot go on: ${fault}`;
  const text = isOwn ? explained.message : plain;
  return printableLines(namesShown(explained, text).replace(/\n(?! )/g, "\n  "));
}

/** The message with the names of files and keys that the error carries shown as one line each. */
function namesShown(error: Error, text: string): string {
  let shown = text;
  for (const name of foreignNames(error)) shown = shown.replaceAll(name, printable(name));
  return shown;
}

function foreignNames(error: Error): string[] {
  const { path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const names: unknown[] = [path, dest];
  if (isIctalError(error, "FormatError")) names.push(error.place.file, error.place.field);
  if (isIctalError(error, "NotFoundError")) names.push(error.what);
  if (isIctalError(error, "StoreError")) names.push(error.details.key);
  if (isIctalError(error, "ConfigError")) names.push(error.details.key, error.details.value);
  return names.filter((name): name is string => typeof name === "string" && name !== printable(name));
}

const READING: ReadonlySet<string> = new Set([
  "open",
  "read",
  "stat",
  "lstat",
  "access",
  "scandir",
  "realpath",
  "readlink",
]);

/** The system's refusal to read or write, a file where a folder is meant among them, with what to do about it. */
function explainFolderError(error: Error): Error {
  const { code, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  const place = dest ?? path;
  const refused = (message: string) => new StoreError(message, { code: "NotWritable" }, { cause: error });
  if (code === "EISDIR" && place !== undefined) return refused(`${place} is a folder; give a file`);
  if (syscall === undefined) return error;
  if ((code === "ENOTDIR" || code === "EEXIST") && syscall === "mkdir" && place !== undefined)
    return refused(`${place} cannot be a folder, since a file of that name is there; give another folder`);
  if (dest === undefined && READING.has(syscall)) return explainReadError(error, path ?? "a file") as Error; // as it was, or ours
  if (code === "ENOENT" && dest !== undefined)
    return refused(`cannot write ${dest}: its folder is not there, or takes no files; choose another folder`);
  return place === undefined ? error : (explainWriteError(error, place) as Error); // as it was, or a StoreError
}

/**
 * Wraps a verb for commander: runs it, prints JSON or text, turns errors into one message on stderr and an exit code.
 * The handler's last two commander arguments are `(options, command)`; options carry `json`.
 */
export function action<A extends unknown[]>(handler: (...args: A) => Promise<Outcome>): (...args: A) => Promise<void> {
  return async (...args) => {
    const options = args.at(-2) as { json?: boolean } | undefined; // commander passes (…operands, options, command)
    try {
      const outcome = await handler(...args);
      if (options?.json) process.stdout.write(`${printableJson(JSON.stringify(outcome.json, null, 2))}\n`);
      else if (outcome.text) process.stdout.write(`${asCalled(printableLines(outcome.text.replace(/\n*$/, "")))}\n`);
      process.exitCode = outcome.exitCode ?? 0;
    } catch (error) {
      process.stderr.write(`${program}: ${asCalled(describeError(error))}\n`);
      process.exitCode = exitCodeOf(error instanceof Error ? explainFolderError(error) : error);
    }
  };
}
