import { copyFile, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Outcome, programName, UsageError } from "@ictal/base/action";
import { StoreError } from "@ictal/base/errors";
import { listenForInterrupt } from "@ictal/base/interrupt";
import { notify, printable } from "@ictal/base/printable";
import { CHROMIUM_HINT, chromiumPath } from "../browser/chromium.js";
import { type CheckResult, checkOutputs, storedOutputs } from "../check/check.js";
import { createSanitizer } from "../check/sanitize.js";
import { readNotebook } from "../notebook/read-notebook.js";
import { writeReport } from "../report/report.js";
import { executeNotebook } from "../runner/execute.js";
import type { RunResult } from "../runner/execute-options.js";
import type { RunListener } from "../runner/listener.js";
import { openRunLog, type RunLog } from "../runner/run-log.js";
import { openStreamFiles, type StreamFiles } from "../runner/stream-files.js";
import { createTerminalListener } from "../runner/terminal.js";
import type { TerminalStream } from "../runner/terminal-writer.js";
import { type NotebookWords, refuseCollisions, refuseContradictions, splitWords } from "./exec-args.js";
import { type ExecOptions, runOptions } from "./exec-options.js";
import { labelled } from "./labelled.js";
import { checkText, EXIT_CODES, failureText, runJson, runSummary, type Shown } from "./notebook-text.js";
import { asUsage, listParameters } from "./notebook-verbs.js";
import { inParallel } from "./parallel.js";
import { type InputPlace, type OutputPlace, Places } from "./places.js";
import { createUploads, type Uploads } from "./uploads.js";
import type { RunWatch, VerbHost } from "./verb-host.js";

interface Executed {
  readonly run: RunResult;
  readonly shown: Shown;
  readonly check?: CheckResult;
}

/** What all notebooks of a call share. */
interface Call {
  readonly options: ExecOptions;
  readonly words: NotebookWords;
  readonly inputs: readonly InputPlace[];
  readonly places: Places;
  readonly people: TerminalStream;
  readonly signal: AbortSignal;
  readonly watch: RunWatch;
  readonly logs: readonly RunLog[];
  readonly streams: StreamFiles;
  warn(text: string): void;
}

/** Told after a run how its outputs compare with the stored ones. */
type Checker = (executed: RunResult) => CheckResult;

/** Reads the stored outputs of `input` before it runs; undefined when nothing is to be compared. */
async function prepareCheck(input: InputPlace, options: ExecOptions): Promise<Checker | undefined> {
  if (!options.check && !options.checkTagged) return undefined;
  const stored = storedOutputs(await asUsage(readNotebook(input.path)), input.name);
  const sanitize = await createSanitizer(options.sanitize);
  const { tolerance = 0, checkTagged: onlyTagged = false } = options;
  return (run) => checkOutputs(stored, run.notebook, { sanitize, tolerance, onlyTagged });
}

/** Tells a watch which cell runs and what the kernel uses. */
function watchListener(watch: RunWatch): RunListener {
  return {
    cellStarted: (_, number) => watch.update({ cell: number }),
    sampled: (_, { residentBytes }) => watch.update({ kernelMemoryMegabytes: Math.round(residentBytes / 1e6) }),
  };
}

/** Writes the report and brings notebook and report to where they belong; returns what they are called there. */
async function deliver(call: Call, run: RunResult, output: OutputPlace | undefined): Promise<Shown> {
  const { options, places } = call;
  const wanted = options.report !== false && !options.prepareOnly && output?.remote !== "stdout";
  if (run.output === undefined || output === undefined) return { output: undefined, report: null };
  const report = wanted ? await writeReport(run.notebook, run.output.replace(/(\.ipynb)?$/, ".html")) : null;
  if (output.remote === "stdout") {
    process.stdout.write(await readFile(run.output, "utf8"));
    return { output: "-", report };
  }
  if (output.remote === undefined) return { output: run.output, report };
  if (report !== null) await places.deliver(report);
  return { output: await places.addressOf(run.output), report: report && (await places.addressOf(report)) };
}

/** Waits for the last save to be stored; what a store refuses is kept on this machine, and its error says where. */
async function storeLast(uploads: Uploads, file: string): Promise<void> {
  try {
    await uploads.last(file);
  } catch (cause) {
    const copy = join(await mkdtemp(join(tmpdir(), "ictal-unsent-")), basename(file));
    await copyFile(file, copy);
    throw new StoreError(`${(cause as Error).message}; what ran is saved in ${copy}`, { key: file }, { cause });
  }
}

async function executeOne(call: Call, index: number): Promise<Executed> {
  const { options, places, signal, warn } = call;
  const input = call.inputs[index]!; // the caller counts them
  const several = call.inputs.length > 1;
  const people =
    several && (options.jobs ?? 1) > 1 ? labelled(call.people, basename(input.path, ".ipynb")) : call.people;
  const checker = await prepareCheck(input, options);
  const isWritten = checker === undefined || options.output !== undefined; // a check alone writes nothing
  const output = isWritten ? await places.output(input, options.output, several) : undefined;
  if (output?.remote === "store" && output.name === input.name)
    throw new UsageError(`the output ${input.name} is the notebook itself; name another with --output`);
  if (output && !options.prepareOnly) await places.tryOutput(output, input, signal);
  const uploads =
    output?.remote === "store"
      ? createUploads(
          (file) => places.deliver(file, signal.aborted ? undefined : signal),
          (error) => warn(`not stored: ${error.message}; the run goes on and the next save tries again`),
        )
      : undefined;
  const run = await asUsage(
    executeNotebook({
      ...runOptions(options, call.words),
      input: input.path,
      output: output?.path,
      ...(input.isCopy ? { inputName: input.name } : {}),
      ...(output?.remote ? { outputName: output.name } : {}),
      ...(input.isCopy && options.cwd === undefined ? { cwd: process.cwd() } : {}),
      signal,
      listeners: [
        createTerminalListener(people),
        watchListener(call.watch),
        call.streams,
        ...call.logs.slice(index, index + 1),
        ...(uploads ? [uploads] : []),
      ],
    }),
  );
  if (run.failure) warn(failureText(run.input, run.failure));
  if (uploads && run.output !== undefined) await storeLast(uploads, run.output);
  const shown = await deliver(call, run, output);
  people.write(options.prepareOnly ? `prepared ${printable(shown.output ?? "")}\n` : `\n${runSummary(run, shown)}\n`);
  const check = run.failure ? undefined : checker?.(run);
  if (check) people.write(`${checkText(input.name, check, run.notebook)}\n`);
  return { run, shown, ...(check ? { check } : {}) };
}

/** Everything that can be known to be wrong before the first notebook runs. */
async function readInputs(host: VerbHost, words: NotebookWords, options: ExecOptions, places: Places) {
  const names = words.files.length > 0 ? words.files : [host.defaultNotebook].filter((file) => file !== undefined);
  if (names.length === 0) throw new UsageError(`name a notebook, e.g. ${host.call} exec notebooks/analysis.ipynb`);
  refuseContradictions(options);
  const inputs: InputPlace[] = [];
  for (const name of names) {
    const input = await asUsage(places.input(name));
    await asUsage(readNotebook(input.path)); // a broken one is reported before the first has run for hours
    inputs.push(input);
  }
  const paths = inputs.map(({ path }) => path);
  refuseCollisions(paths, options.output);
  if (options.images === "always" && !chromiumPath())
    throw new UsageError(`--images always needs a browser; ${CHROMIUM_HINT}`);
  return inputs;
}

async function openLogs(options: ExecOptions, count: number, warn: (text: string) => void): Promise<RunLog[]> {
  const { log } = options;
  if (log === undefined) return [];
  const onFailure = (error: Error) => warn(`the log ends here: ${error.message}; the run goes on`);
  return Promise.all(Array.from({ length: count }, () => openRunLog(log, onFailure)));
}

function openStreams(options: ExecOptions, warn: (text: string) => void): Promise<StreamFiles> {
  const { stdoutFile: stdout, stderrFile: stderr } = options;
  const paths = { ...(stdout === undefined ? {} : { stdout }), ...(stderr === undefined ? {} : { stderr }) };
  return openStreamFiles(paths, (error) => warn(`the file of a stream ends here: ${error.message}; the run goes on`));
}

function outcomeOf(done: readonly Executed[], interruptedCode: () => number): Outcome {
  const failure = done.map(({ run }) => run.failure).find((found) => found !== undefined);
  const isDifferent = done.some(({ check }) => check && check.different.length > 0);
  const failedCode = failure && (failure.kind === "interrupted" ? interruptedCode() : EXIT_CODES[failure.kind]);
  return {
    json: {
      notebooks: done.map(({ run, shown, check }) => ({ ...runJson(run, shown), ...(check ? { check } : {}) })),
    },
    message: done.map(({ run }) => (run.failure ? failureText(run.input, run.failure) : `${run.input} ran`)).join("; "),
    exitCode: failedCode ?? (isDifferent ? 1 : 0),
  };
}

async function runInputs(call: Call, interruptedCode: () => number): Promise<Outcome> {
  const isOver = ({ run }: Executed) => run.failure !== undefined;
  const done = await inParallel(call.inputs.length, call.options.jobs ?? 1, (index) => executeOne(call, index), isOver);
  return outcomeOf(done, interruptedCode);
}

/** Runs notebooks, with `-p` and `-r` among the words; after the first failure none begins any more. */
export async function execute(
  host: VerbHost,
  watch: RunWatch,
  allWords: string[],
  options: ExecOptions,
): Promise<Outcome> {
  const words = splitWords(allWords);
  const places = new Places(host.store);
  const warn = (text: string) => notify(`${programName()}: ${text}`);
  try {
    const inputs = await readInputs(host, words, options, places);
    if (options.helpNotebook) return await listParameters(host, inputs[0]!.path, options); // readInputs refuses none
    const isPiped = options.output === "-" || (options.output === undefined && inputs[0]?.name === "-");
    const people = options.json || isPiped ? process.stderr : process.stdout;
    await watch.begin(inputs.map(({ path }) => basename(path, ".ipynb")).join(" "));
    const logs = await openLogs(options, inputs.length, warn);
    const streams = await openStreams(options, warn);
    const interrupt = listenForInterrupt("what ran so far is saved");
    const { signal } = interrupt;
    const call: Call = { options, words, inputs, places, people, signal, watch, logs, streams, warn };
    try {
      return await runInputs(call, () => interrupt.exitCode());
    } finally {
      interrupt.release();
      streams.close();
      for (const log of logs) log.close();
    }
  } finally {
    await places.close();
  }
}
