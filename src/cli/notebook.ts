import { existsSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { isIctalError } from "../base/errors.js";
import { projectDir } from "../base/project.js";
import { findKernelspec } from "../notebook/kernelspec.js";
import { writeReport } from "../notebook/report/report.js";
import { executeNotebook, type RunFailure, type RunResult } from "../notebook/runner/execute.js";
import { readNotebook } from "../notebook/runner/notebook-file.js";
import type { GivenParameters } from "../notebook/runner/parameter-values.js";
import { parameterLanguage, readParameters } from "../notebook/runner/parameters.js";
import { receiptRows } from "../notebook/runner/receipt.js";
import { createTerminalListener, formatSeconds } from "../notebook/runner/terminal.js";
import { action, type Outcome, UsageError } from "./action.js";

interface ExecOptions {
  output?: string;
  parametersFile?: string[];
  parametersYaml?: string[];
  kernel?: string;
  timeout?: number;
  totalTimeout?: number;
  startTimeout?: number;
  report: boolean;
  json?: boolean;
}

const HELP = `
Parameters (papermill's conventions: values replace those of the cell tagged "parameters"):
  -p NAME VALUE       a value, typed as the notebook declares the parameter
  -r NAME VALUE       a value that stays text
  -f, --parameters-file FILE.yaml    -y, --parameters-yaml 'NAME: VALUE'

Cell tags: parameters, injected-parameters, raises-exception (an error is expected), skip-execution.

Exit codes: 0 all cells ran; 1 a cell failed; 2 wrong use (no such file, broken notebook, unknown kernel or
parameter); 3 the kernel died; 4 a timeout; 130 interrupted, 143 terminated. Whatever the end, the executed notebook
is saved after each cell and every 30 s.

Examples:
  ictal notebook exec
  ictal notebook exec notebooks/05-train.ipynb -p config configs/smoke_test.yaml -p seed 3
  ictal notebook exec notebooks/*.ipynb --output results/nightly --timeout 600`;

const SECONDS_LIMIT = 2_000_000;

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= SECONDS_LIMIT) return seconds;
  throw new InvalidArgumentError(`a number of seconds above 0 and up to ${SECONDS_LIMIT} was expected`);
}

const collect = (value: string, all: string[] = []): string[] => [...all, value];

/** Separates files from `-p NAME VALUE` and `-r NAME VALUE`, which commander cannot express. */
function splitArguments(words: readonly string[]): {
  files: string[];
  typed: [string, string][];
  raw: [string, string][];
} {
  const files: string[] = [];
  const typed: [string, string][] = [];
  const raw: [string, string][] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const target = ["-p", "--parameters"].includes(word)
      ? typed
      : ["-r", "--parameters-raw"].includes(word)
        ? raw
        : undefined;
    if (target) {
      const [name, value] = [words[i + 1], words[i + 2]];
      if (name === undefined || value === undefined)
        throw new UsageError(`${word} needs a name and a value, e.g. ${word} seed 3`);
      target.push([name, value]);
      i += 2;
    } else if (word.startsWith("-") && word !== "-")
      throw new UsageError(`unknown option ${word}; see ictal notebook exec --help`);
    else files.push(word);
  }
  return { files, typed, raw };
}

function outputFor(input: string, option: string | undefined, several: boolean): string {
  const folder = option ?? join("results", "notebooks");
  if (option?.endsWith(".ipynb")) {
    if (several && !option.includes("{"))
      throw new UsageError(`--output ${option} is one file for several notebooks; name a folder`);
    return option;
  }
  return join(folder, basename(input));
}

const EXIT_CODES: Record<RunFailure["kind"], number> = { cell: 1, kernel: 3, timeout: 4, interrupted: 130 };

function failureText(input: string, failure: RunFailure): string {
  const place =
    failure.cell === undefined
      ? ""
      : `, cell ${failure.cell}${failure.line === undefined ? "" : `, line ${failure.line}`}`;
  return `${input}${place}: ${failure.message}`;
}

/** Aborts on the first SIGINT or SIGTERM; a second one ends this process at once. */
function interruptSignal(): { signal: AbortSignal; exitCode(): number; release(): void } {
  const controller = new AbortController();
  let code = 130;
  const stop = (name: NodeJS.Signals) => {
    code = name === "SIGTERM" ? 143 : 130;
    if (controller.signal.aborted) process.exit(code);
    controller.abort(new DOMException(`interrupted by ${name}; what ran so far is saved`, "AbortError"));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return {
    signal: controller.signal,
    exitCode: () => code,
    release: () => void process.off("SIGINT", stop).off("SIGTERM", stop),
  };
}

function summary(run: RunResult, report: string | null): string {
  const show = (path: string) => relative(process.cwd(), path) || path;
  const lines = [`executed notebook  ${show(run.output)}`];
  if (report) lines.push(`report             ${show(report)}`);
  const { artefacts = {}, ...rest } = run.receipt ?? {};
  for (const [name, path] of Object.entries(artefacts)) lines.push(`${name.padEnd(18)} ${path}`);
  const rows = receiptRows(rest);
  if (rows.length > 0) lines.push("receipt", ...rows.map(([name, value]) => `  ${name}: ${value}`));
  lines.push(`${run.cells} cells in ${formatSeconds(run.seconds)}`);
  return lines.join("\n");
}

interface Executed {
  readonly run: RunResult;
  readonly report: string | null;
}

async function executeFile(
  input: string,
  output: string,
  given: GivenParameters,
  options: ExecOptions,
  signal: AbortSignal,
): Promise<Executed> {
  const people = options.json ? process.stderr : process.stdout;
  const run = await executeNotebook({
    input,
    output,
    parameters: given,
    signal,
    listener: createTerminalListener(people),
    ...(options.kernel ? { kernelName: options.kernel } : {}),
    ...(options.timeout ? { cellTimeoutSeconds: options.timeout } : {}),
    ...(options.totalTimeout ? { totalTimeoutSeconds: options.totalTimeout } : {}),
    ...(options.startTimeout ? { startTimeoutSeconds: options.startTimeout } : {}),
  });
  const report = options.report ? await writeReport(run.notebook, run.output.replace(/(\.ipynb)?$/, ".html")) : null;
  people.write(`\n${summary(run, report)}\n`);
  return { run, report };
}

function toJson({ run, report }: Executed) {
  const { input, output, seconds, cells, failure, receipt } = run;
  return {
    input,
    output,
    report,
    seconds,
    cells,
    failedCell: failure?.cell ?? null,
    failure: failure
      ? { kind: failure.kind, cell: failure.cell ?? null, line: failure.line ?? null, message: failure.message }
      : null,
    receipt: receipt ?? null,
  };
}

/** A missing or broken notebook is wrong use here, not failed work. */
async function asUsage<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isIctalError(error, "NotFoundError", "FormatError")) throw new UsageError(error.message);
    throw error;
  }
}

async function execute(words: string[], options: ExecOptions): Promise<Outcome> {
  const { files, typed, raw } = splitArguments(words);
  const inputs = files.length > 0 ? files : [join(projectDir, "notebooks", "00-smoke.ipynb")];
  const given: GivenParameters = {
    typed,
    raw,
    files: options.parametersFile ?? [],
    yaml: options.parametersYaml ?? [],
  };
  for (const input of inputs) {
    if (!existsSync(input)) throw new UsageError(`there is no notebook at ${input}`);
  }
  const interrupt = interruptSignal();
  const done: Executed[] = [];
  let exitCode = 0;
  try {
    for (const input of inputs) {
      const output = outputFor(input, options.output, inputs.length > 1);
      const executed = await asUsage(executeFile(input, output, given, options, interrupt.signal));
      done.push(executed);
      const { failure } = executed.run;
      if (!failure) continue;
      process.stderr.write(`ictal: ${failureText(input, failure)}\n`);
      exitCode = failure.kind === "interrupted" ? interrupt.exitCode() : EXIT_CODES[failure.kind];
      break;
    }
  } finally {
    interrupt.release();
  }
  return { json: { notebooks: done.map(toJson) }, exitCode };
}

async function listParameters(file: string, options: { kernel?: string }): Promise<Outcome> {
  const notebook = await asUsage(readNotebook(file));
  const name = options.kernel ?? notebook.metadata.kernelspec?.name;
  const known = name === undefined ? undefined : await findKernelspec(name).catch(() => undefined); // the metadata tells the language too
  const language =
    known?.language ?? notebook.metadata.language_info?.name ?? notebook.metadata.kernelspec?.language ?? "typescript";
  const parameters = readParameters(notebook, parameterLanguage(language));
  const lines = parameters.map((parameter) => {
    const value = parameter.defaultText === undefined ? "" : ` = ${parameter.defaultText}`;
    return `${parameter.name}: ${parameter.type}${value}${parameter.help ? `  — ${parameter.help}` : ""}`;
  });
  const json = parameters.map(({ name, type, defaultText, defaultValue, help }) => ({
    name,
    type,
    default: defaultValue ?? defaultText ?? null,
    help,
  }));
  return {
    json: { notebook: file, parameters: json },
    text: lines.join("\n") || `${file} has no cell tagged "parameters"`,
  };
}

/** Adds `ictal notebook exec|params`. */
export function addNotebookCommand(program: Command): void {
  const notebook = program.command("notebook").description("run notebooks headless, without Python");
  notebook
    .command("exec")
    .description("run notebooks from top to bottom in a fresh kernel each, save them executed and write an HTML report")
    .argument("[notebooks...]", "files to run (default: notebooks/00-smoke.ipynb of the project)")
    .option("-o, --output <path>", "executed notebook, or the folder for several (default: results/notebooks)")
    .option("-f, --parameters-file <file>", "YAML file of parameters; repeatable", collect)
    .option("-y, --parameters-yaml <text>", "YAML text of parameters; repeatable", collect)
    .option("-k, --kernel <name>", "kernel to use instead of the notebook's own")
    .option("--timeout <seconds>", "longest time for one cell", parseSeconds)
    .option("--total-timeout <seconds>", "longest time for one notebook", parseSeconds)
    .option("--start-timeout <seconds>", "longest time for the kernel's start (default: 60)", parseSeconds)
    .option("--no-report", "write no HTML report")
    .option("--json", "print JSON on stdout; people's text goes to stderr")
    .allowUnknownOption() // -p and -r take two words: splitArguments reads them and refuses the rest
    .addHelpText("after", HELP)
    .action(action(execute));
  notebook
    .command("params")
    .description("list the parameters of a notebook with type and default")
    .argument("<notebook>", "file to read")
    .option("-k, --kernel <name>", "kernel whose language counts")
    .option("--json", "print JSON")
    .action(action(listParameters));
}
