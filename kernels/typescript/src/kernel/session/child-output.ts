import { AsyncResource } from "node:async_hooks";
import childProcess, { ChildProcess, type StdioOptions } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";

type StreamName = "stdout" | "stderr";

/** What `ChildProcess.prototype.spawn`, which Node does not document, is called with. */
interface SpawnOptions {
  stdio?: StdioOptions;
}

/** The stream of this process that a place of a child's `stdio` inherits; undefined for any other. */
function inherited(place: unknown, index: number): StreamName | undefined {
  if (place === "inherit") return index === 1 ? "stdout" : index === 2 ? "stderr" : undefined;
  if (place === 1 || place === process.stdout) return "stdout";
  return place === 2 || place === process.stderr ? "stderr" : undefined;
}

/** `stdio` with pipes in place of inherited streams, and where they lead. */
function redirect(stdio: StdioOptions | undefined): { stdio: StdioOptions; to: Map<number, StreamName> } | undefined {
  const places: unknown[] =
    stdio === "inherit" ? ["inherit", "inherit", "inherit"] : Array.isArray(stdio) ? [...stdio] : [];
  const to = new Map<number, StreamName>();
  for (const index of [1, 2]) {
    const name = inherited(places[index], index);
    if (name === undefined) continue;
    to.set(index, name);
    places[index] = "pipe";
  }
  return to.size > 0 ? { stdio: places as StdioOptions, to } : undefined; // as they were given, but for pipes
}

/** Writes what a child prints into the cell that started it; to its owner the stream is none, as one that is inherited. */
function forward(child: ChildProcess, index: number, name: StreamName): void {
  const stream = child.stdio[index] as NodeJS.ReadableStream | null | undefined; // a pipe that we asked for
  if (!stream) return; // the child could not be started
  const decoder = new StringDecoder("utf8");
  const write = AsyncResource.bind((chunk: Buffer) => void process[name].write(decoder.write(chunk)));
  stream.on("data", write);
  (child.stdio as unknown[])[index] = null;
  if (index === 1) child.stdout = null;
  else child.stderr = null;
}

function captureSpawn(): void {
  const prototype = ChildProcess.prototype as unknown as { spawn(options: SpawnOptions): unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, options) {
    const redirected = redirect(options.stdio);
    const result = spawn.call(this, redirected ? { ...options, stdio: redirected.stdio } : options);
    for (const [index, name] of redirected?.to ?? []) forward(this, index, name);
    return result;
  };
}

type AnyFunction = (...words: unknown[]) => unknown;

/** Where the options are among the arguments of a function that runs a child in a step: the last object that is no list. */
function optionsIndex(words: readonly unknown[]): number {
  for (let i = words.length - 1; i >= 0; i--)
    if (typeof words[i] === "object" && words[i] !== null && !Array.isArray(words[i])) return i;
  return -1;
}

/** A file without a name, for what a child prints while this thread waits for it. */
function openUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), "ictal-child-"));
  const descriptor = openSync(join(folder, "output"), "w+");
  rmSync(folder, { recursive: true });
  return descriptor;
}

function showFile(descriptor: number, name: StreamName): void {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  readSync(descriptor, bytes, 0, bytes.length, 0);
  closeSync(descriptor);
  if (bytes.length > 0) process[name].write(bytes);
}

/** Runs a child in a step and shows what it printed on inherited streams when it has ended. */
function capturing(run: AnyFunction): AnyFunction {
  return (...words) => {
    const index = optionsIndex(words);
    const options = words[index] as SpawnOptions | undefined; // an object, or none
    const redirected = redirect(options?.stdio);
    if (!redirected) return run(...words);
    const files = new Map([...redirected.to].map(([place, name]) => [place, { name, descriptor: openUnnamed() }]));
    const stdio = (redirected.stdio as unknown[]).map((place, i) => files.get(i)?.descriptor ?? place);
    const all = words.map((word, i) => (i === index ? { ...options, stdio } : word));
    try {
      return run(...all);
    } finally {
      for (const { name, descriptor } of files.values()) showFile(descriptor, name);
    }
  };
}

/**
 * Sends what child processes print on inherited streams to the cell that started them: of those that run beside it as it
 * comes, of those that it waits for in a step when they have ended. Call it once, when this process's streams are captured.
 */
export function captureChildren(): void {
  captureSpawn();
  const functions = childProcess as unknown as Record<string, AnyFunction>; // the module's object
  for (const name of ["spawnSync", "execSync", "execFileSync"]) functions[name] = capturing(functions[name]!);
  syncBuiltinESMExports();
}
