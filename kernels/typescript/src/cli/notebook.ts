/** The runner, its report and the TypeScript compiler behind them are loaded by the verb that runs, not for --help. */

import { action } from "@ictal/base/action";
import { collect, parseCount } from "@ictal/base/flags";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { DiffFlags } from "./diff-verb.js";
import type { ExecOptions } from "./exec-options.js";
import type { VerbHost } from "./verb-host.js";

const helpFor = (call: string) => `
Parameters (papermill's conventions: values replace those of the cell tagged "parameters"):
  -p NAME VALUE       a value, typed as the notebook declares the parameter
  -r NAME VALUE       a value that stays text
  -f, --parameters-file FILE.yaml    -y, --parameters-yaml 'NAME: VALUE'    -b, --parameters-base64 (YAML)
  The output path may hold {NAME} of a parameter: --output 'results/{seed}.ipynb'.
  A value that is not of the declared type is refused, however it is given. Where it is boolean, YAML's yes, no, on and
  off count. .nan and .inf are numbers (in metadata and JSON the texts "NaN", "Infinity"); whole numbers beyond 2^53 need
  the type bigint, or int in Python; 010 and 1e400 are refused.

Cell tags: parameters, injected-parameters, raises-exception (an error is expected), skip-execution; for --check
ignore-output and check-output.

--resume keeps the outputs of finished cells when their code, the parameters, the imported sources, the lockfile and the
kernel are what they were, and starts over, saying why, when not. A fresh kernel has no variables, so finished cells that
the rest needs run again: by the names that TypeScript cells define, use and may change; in other languages all of them.
Tags: resume-run (always runs again), resume-skip (never does). Files that cells read are not watched, but configuration
files (.yaml, .toml) that a text names are.

--check excludes what differs from run to run: UUIDs, addresses, digests, absolute paths, times, durations, rates.
--sanitize FILE adds to it or selects: { builtins: [times, paths], rules: [{ pattern: 'port \\d+', replace: <port> }] }

A cell records a result by output("auroc", 0.98) of @ictal/jupyter: it is stored in the notebook's metadata, printed by --json
and by the verb table. A notebook from standard input (-) starts in this folder, or in --cwd.

After the last cell the run waits up to 2 s for what cells began and did not await. An error that no cell awaited or caught
fails the run, and its cell (raises-exception expects it), as does process.exitCode; what is still pending is listed.
Outputs stored with cells that are skipped are dropped. HTML that cells display keeps its scripts in the report, as in Jupyter.

Exit codes: 0 all cells ran; 1 a cell failed, at once or late, an output differs or the notebook could not be saved; 2 wrong use (no such file, broken
notebook, unknown kernel or parameter); 3 the kernel died; 4 a timeout; 130 interrupted, 143 terminated. Whatever the
end, the executed notebook is saved after each cell and every 30 s, and nothing that the kernel started stays behind.

Examples:
  ${call} exec notebooks/analysis.ipynb -p input data/2024.csv -p seed 3
  ${call} exec notebooks/*.ipynb --output results/nightly --cell-timeout 600 --log results/nightly.jsonl --jobs 4
  for seed in 1 2 3; do ${call} exec fit.ipynb -p seed $seed -o 'results/fit-{seed}.ipynb'; done; ${call} table results/fit-*.ipynb
  ${call} exec - --cwd notebooks < notebook.ipynb > executed.ipynb`;

const SECONDS_LIMIT = 2_000_000;

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= SECONDS_LIMIT) return seconds;
  throw new InvalidArgumentError(`a number of seconds above 0 and up to ${SECONDS_LIMIT} was expected`);
}

function parseMegabytes(text: string): number {
  const size = Number(text);
  if (size > 0 && size <= 400) return size;
  throw new InvalidArgumentError("a number of MB above 0 and up to 400 was expected");
}

function parseShare(text: string): number {
  const share = Number(text);
  if (share >= 0 && share < 1 && text.trim() !== "") return share;
  throw new InvalidArgumentError("a share from 0 to below 1 was expected, e.g. 1e-6");
}

function addExec(notebook: Command, host: VerbHost): void {
  notebook
    .command("exec")
    .description("run notebooks from top to bottom in a fresh kernel each, save them executed and write an HTML report")
    .argument(
      "[notebooks...]",
      host.defaultNotebook ? "files to run (default: notebooks/00-smoke.ipynb of the project)" : "files to run",
    )
    .option(
      "-o, --output <path>",
      `executed notebook, or the folder for several (default: results/notebooks); - for standard output${host.store ? `; ${host.store.scheme}BUCKET/…` : ""}`,
    )
    .option("--jobs <n>", "notebooks that run at a time (default: 1)", parseCount(1, 256))
    .option("--cwd <dir>", "folder in which the kernel starts (default: the notebook's)")
    .option("--inject-paths", "also give the parameters PAPERMILL_INPUT_PATH and PAPERMILL_OUTPUT_PATH")
    .addOption(new Option("--inject-input-path", "the first of them alone").hideHelp())
    .addOption(new Option("--inject-output-path", "the second of them alone").hideHelp())
    .option("-f, --parameters-file <file>", "YAML file of parameters; repeatable", collect)
    .option("-y, --parameters-yaml <text>", "YAML text of parameters; repeatable", collect)
    .option("-b, --parameters-base64 <text>", "the same in base64; repeatable", collect)
    .option("-k, --kernel <name>", "kernel to use instead of the notebook's own")
    .option("--cell-timeout <seconds>", "longest time for one cell", parseSeconds)
    .option("--timeout <seconds>", "longest time for all cells of one notebook", parseSeconds)
    .addOption(new Option("--total-timeout <seconds>", "the same as --timeout").argParser(parseSeconds).hideHelp())
    .addOption(new Option("--execution-timeout <seconds>", "as --cell-timeout").argParser(parseSeconds).hideHelp())
    .addOption(new Option("--autosave-cell-every <seconds>", "as --save-interval").argParser(parseSeconds).hideHelp())
    .option("--start-timeout <seconds>", "longest time for the kernel's start (default: 60)", parseSeconds)
    .option("--save-interval <seconds>", "time between saves within a long cell (default: 30)", parseSeconds)
    .option("--allow-errors", "go on after a cell that failed, and pass; the cells stay marked as failed")
    .option(
      "--allow-late-errors",
      "pass although a promise was rejected that nobody awaited, a callback threw, or process.exitCode was set",
    )
    .option(
      "--max-output <MB>",
      "output that a cell may keep; beyond it the middle is cut (default: 32)",
      parseMegabytes,
    )
    .addOption(
      new Option("--images <when>", "store figures as still pictures, too, for GitHub and wherever scripts do not run")
        .choices(["auto", "always", "never"])
        .default("auto"),
    )
    .option("--log <file>", "append what happens as JSON lines: cells, streams, errors, saves, resources")
    .option("--stdout-file <file>", "also write what cells print on stdout into a file")
    .option("--stderr-file <file>", "also write what cells print on stderr into a file")
    .option("--report-mode", "hide the code, in the executed notebook and in the report")
    .option(
      "--resume",
      "go on after the last good cell of the executed notebook, where nothing that it rests on changed",
    )
    .option("--check", "compare the outputs with those stored in the notebook; without --output nothing is written")
    .option("--check-tagged", "the same for cells tagged check-output alone")
    .option("--sanitize <file>", "YAML of texts to exclude from the comparison; repeatable", collect)
    .option("--tolerance <share>", "relative difference of numbers that counts as the same (default: 0)", parseShare)
    .option("--prepare-only", "only write the notebook with its parameters, run nothing")
    .option("--help-notebook", "list the notebook's parameters, run nothing")
    .option("--report", "write an HTML report beside the executed notebook (the default)")
    .option("--no-report", "write no HTML report")
    .option("--json", "print JSON on stdout; people's text goes to stderr")
    .allowUnknownOption() // -p and -r take two words: splitWords reads them and refuses the rest
    .addHelpText("after", helpFor(host.call))
    .action(
      action(
        host.watched("notebook exec", async (watch, words: string[], options: ExecOptions) =>
          (await import("./exec-verb.js")).execute(host, watch, words, options),
        ),
      ),
    );
}

function addTable(notebook: Command, host: VerbHost): void {
  notebook
    .command("table")
    .description("list what executed notebooks were given (parameters) and recorded by output(name, value)")
    .argument("[notebooks...]", "executed notebooks")
    .option("-o, --output <file>", "write a CSV file instead")
    .option("--json", "print JSON")
    .action(
      action(async (files: string[], options: { output?: string }) =>
        (await import("./table-verb.js")).table(host, files, options),
      ),
    );
}

function addDiff(notebook: Command, host: VerbHost): void {
  notebook
    .command("diff")
    .description("compare two notebooks cell by cell, sources and outputs; exit code 1 when they differ")
    .argument("<before>", "notebook")
    .argument("<after>", "notebook")
    .option("--sources", "compare sources alone")
    .option(
      "--sanitize <file>",
      "YAML of texts to exclude from the comparison, as for exec --check; repeatable",
      collect,
    )
    .option("--tolerance <share>", "relative difference of numbers that counts as the same (default: 0)", parseShare)
    .option("--json", "print JSON")
    .action(
      action(async (before: string, after: string, flags: DiffFlags) =>
        (await import("./diff-verb.js")).diff(host, before, after, flags),
      ),
    );
}

/** Adds `exec`, `params`, `report`, `table` and `diff` to a program or a command of it. */
export function addNotebookVerbs(notebook: Command, host: VerbHost): void {
  addExec(notebook, host);
  notebook
    .command("params")
    .description("list the parameters of a notebook with type and default")
    .argument("<notebook>", "file to read")
    .option("-k, --kernel <name>", "kernel whose language counts")
    .option("--json", "print JSON")
    .action(
      action(async (file: string, options: { kernel?: string }) =>
        (await import("./notebook-verbs.js")).listParameters(host, file, options),
      ),
    );
  notebook
    .command("report")
    .description("write the HTML report of an executed notebook")
    .argument("<notebook>", "executed notebook")
    .option("-o, --output <file>", "HTML file (default: beside the notebook)")
    .option("--json", "print JSON")
    .action(
      action(async (file: string, options: { output?: string }) =>
        (await import("./notebook-verbs.js")).report(host, file, options),
      ),
    );
  addTable(notebook, host);
  addDiff(notebook, host);
}
