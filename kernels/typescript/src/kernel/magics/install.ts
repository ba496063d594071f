import { UnsupportedError } from "@ictal/base/errors";
import { DISPLAY, type DisplayChannel, display } from "../../display.js";
import { type TableData, tableBundle } from "../../views/table.js";
import type { MimeBundle } from "../../wire/message.js";
import { askThreads } from "../threads/thread-memory.js";
import { MAGICS } from "./catalogue.js";
import { environment } from "./environment.js";
import { MAGIC } from "./magics.js";
import { memoryTable } from "./memory.js";
import { describeEnd, runShell } from "./shell.js";
import { startClock } from "./time.js";
import { formatTimings, measure } from "./timeit.js";
import { readOptions } from "./timeit-options.js";
import { type Variable, variableTable } from "./variables.js";

/** What magics need of the kernel; they do without what is absent, or report it. */
export interface MagicHost {
  /** Loads changed modules again; with `module` that one, changed or not. */
  reload?(module?: string): Promise<{ reloaded: readonly string[]; failed: readonly { message: string }[] }>;
  /** The kernel's other threads, each of which has called `reportMemory` with its name. @default none */
  readonly threads?: readonly string[];
  /** Aborted when the running cell is interrupted. */
  signal?(): AbortSignal | undefined;
  /** Called with text for the cell's standard output. @default process.stdout.write */
  print?(text: string): void;
  /** What is known of a name, with level 1 also its source; undefined for an unknown one. */
  inspect?(name: string, level: 0 | 1): Promise<MimeBundle | undefined>;
  /** Shows a text beside the cell's output, as `?` does. */
  page?(bundle: MimeBundle): void;
  /** The variables that cells have declared, with their values. */
  variables?(): Promise<readonly Variable[]>;
}

type Run = () => unknown;

const publish = (bundle: MimeBundle) => display({ [DISPLAY]: () => bundle });
const show = (table: TableData) => publish(tableBundle(table));

function helpTable(name: string): TableData {
  const wanted = name.replace(/^%+/, "");
  const listed = MAGICS.filter((magic) => wanted === "" || magic.name === wanted);
  if (listed.length === 0) throw new Error(`there is no magic ${name}; %lsmagic lists them all`);
  const rows = listed.map(({ usage, help }) => [usage, help]);
  return {
    columns: ["magic", "what it does"],
    rowCount: rows.length,
    row: (index) => rows[index] ?? [],
    named: true,
    caption: "Magics; a line may also start with // %, which other kernels see as a comment",
  };
}

function describeReload(reloaded: readonly string[], failed: readonly { message: string }[]): string {
  const lines = reloaded.length > 0 ? [`reloaded ${reloaded.join(", ")}`] : ["nothing had changed"];
  return [...lines, ...failed.map(({ message }) => `not reloaded: ${message}`)].join("\n");
}

/** Calls `then` when the kernel is about to report the cell's end. */
function atCellEnd(then: () => void): void {
  const channel = (globalThis as { [key: symbol]: DisplayChannel | undefined })[Symbol.for("ictal.display-channel")];
  const settle = () => {
    channel?.pending?.delete(settle);
    then();
  };
  if (!channel?.pending)
    throw new UnsupportedError("%%time works in the ictal kernel only; use %time before an expression");
  channel.pending.add(settle);
}

const notHere = (what: string) => new UnsupportedError(`${what} works in the ictal kernel only`);

async function answerQuestion(host: MagicHost, argument: string, print: (text: string) => void): Promise<void> {
  if (!host.inspect || !host.page) throw notHere("NAME?");
  const [, level, name = ""] = /^([01]) (.*)$/.exec(argument) ?? [];
  const found = await host.inspect(name, level === "1" ? 1 : 0);
  if (found) host.page(found);
  else print(`nothing is known of ${name}: no cell has declared it, and it is no global name`);
}

async function runScript(host: MagicHost, shell: string, script: string): Promise<string | undefined> {
  const print = (name: "stdout" | "stderr", text: string) =>
    void (name === "stdout" && host.print ? host.print(text) : process[name].write(text));
  return describeEnd(await runShell(shell, script, { print, signal: host.signal?.() }));
}

async function runBash(host: MagicHost, shell: string, script: string): Promise<void> {
  const end = await runScript(host, shell, script);
  if (end !== undefined) throw new Error(`the script of %%${shell} failed: ${end}`);
}

/** The function of each magic by name: `argument` is its text, `run` its expression. */
function createMagics(host: MagicHost): Readonly<Record<string, (argument: string, run?: Run) => unknown>> {
  const print = (text: string) => (host.print ?? ((words: string) => void process.stdout.write(words)))(`${text}\n`);
  let clock: (() => string) | undefined;
  return {
    async timeit(argument, run) {
      print(formatTimings(await measure(run!, readOptions(argument), host.signal?.())));
    },
    time(argument, run) {
      if (!run && argument === "stop") return print(clock!());
      clock = startClock();
      if (!run) return argument === "cell" ? atCellEnd(() => print(clock!())) : undefined;
      const read = clock;
      const value = run();
      if (!(value instanceof Promise)) {
        print(read());
        return value;
      }
      return value.finally(() => print(read()));
    },
    async memory() {
      const { threads = [] } = host;
      const reports = await askThreads(threads);
      const silent = threads.filter((name) => !reports.some((thread) => thread.name === name));
      show(memoryTable(reports, silent));
    },
    async reload(module) {
      if (!host.reload)
        throw new UnsupportedError("%reload works in the ictal kernel only; restart this kernel instead");
      const { reloaded, failed } = await host.reload(module === "" ? undefined : module);
      print(describeReload(reloaded, failed));
    },
    env(argument) {
      const result = environment(argument);
      if (typeof result === "string") print(result);
      else show(result);
    },
    async shell(command) {
      const end = await runScript(host, "/bin/sh", command);
      if (end !== undefined) process.stderr.write(`(${end})\n`); // as IPython, which goes on
    },
    bash: (script) => runBash(host, "bash", script),
    sh: (script) => runBash(host, "sh", script),
    inspect: (argument) => answerQuestion(host, argument, print),
    async who() {
      if (!host.variables) throw notHere("%who");
      const names = (await host.variables()).map(({ name }) => name);
      print(names.join("  ") || "no cell has declared a variable yet");
    },
    async whos() {
      if (!host.variables) throw notHere("%whos");
      show(variableTable(await host.variables()));
    },
    lsmagic: () => show(helpTable("")),
    help: (argument) => show(helpTable(argument)),
    html: (text) => publish({ "text/html": text, "text/plain": text }),
    markdown: (text) => publish({ "text/markdown": text, "text/plain": text }),
  };
}

/** Puts the magics where the code that `parseMagics` makes calls them; call it once, when the kernel starts. */
export function installMagics(host: MagicHost): void {
  const magics = createMagics(host);
  const call = (name: string, argument: string, run?: Run) => magics[name]?.(argument, run);
  Object.defineProperty(globalThis, MAGIC, { value: call, configurable: true });
}
