import { existsSync } from "node:fs";
import { basename } from "node:path";
import { type Outcome, programName, UsageError } from "@ictal/base/action";
import { isIctalError } from "@ictal/base/errors";
import { listenForInterrupt } from "@ictal/base/interrupt";
import { notify, printable } from "@ictal/base/printable";
import { CHROMIUM_HINT, chromiumPath } from "../browser/chromium.js";
import { type CheckResult, checkOutputs, storedOutputs } from "../check/check.js";
import { createSanitizer } from "../check/sanitize.js";
import { findKernelspec } from "../kernelspec.js";
import { readNotebook } from "../notebook/read-notebook.js";
import type { GivenParameters } from "../parameters/parameter-values.js";
import { parameterLanguage, readParameters } from "../parameters/parameters.js";
import { writeReport } from "../report/report.js";
import { type ExecuteOptions, executeNotebook, type RunResult } from "../runner/execute.js";
import type { RunListener } from "../runner/listener.js";
import { openRunLog, type RunLog } from "../runner/run-log.js";
import type { StillImages } from "../runner/still-images.js";
import { createTerminalListener } from "../runner/terminal.js";
import type { TerminalStream } from "../runner/terminal-writer.js";
import { plainValue } from "../wire/exact-json.js";
import { outputFor, refuseCollisions, refuseContradictions, splitWords } from "./exec-args.js";
import { checkText, EXIT_CODES, failureText, runJson, runSummary } from "./notebook-text.js";
import type { RunWatch, VerbHost } from "./verb-host.js";

/** What commander hands over for the flags of `notebook exec`. */
export interface ExecOptions {
  output?: string;
  parametersFile?: string[];
  parametersYaml?: string[];
  parametersBase64?: string[];
  kernel?: string;
  cellTimeout?: number;
  timeout?: number;
  totalTimeout?: number;
  startTimeout?: number;
  saveInterval?: number;
  maxOutput?: number;
  allowLateErrors?: boolean;
  prepareOnly?: boolean;
  resume?: boolean;
  helpNotebook?: boolean;
  images: StillImages;
  log?: string;
  check?: boolean;
  checkTagged?: boolean;
  sanitize?: string[];
  tolerance?: number;
  report?: boolean;
  json?: boolean;
}

interface Executed {
  readonly run: RunResult;
  readonly report: string | null;
  readonly check?: CheckResult;
}

/** Told after a run how its outputs compare with the stored ones. */
type Checker = (executed: RunResult) => CheckResult;

/** The options of executeNotebook that are the same for every notebook of a call. */
function commonOptions(options: ExecOptions): Partial<ExecuteOptions> {
  const timeoutSeconds = options.timeout ?? options.totalTimeout;
  return {
    ...(options.kernel === undefined ? {} : { kernelName: options.kernel }),
    ...(options.cellTimeout === undefined ? {} : { cellTimeoutSeconds: options.cellTimeout }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(options.startTimeout === undefined ? {} : { startTimeoutSeconds: options.startTimeout }),
    ...(options.saveInterval === undefined ? {} : { saveIntervalSeconds: options.saveInterval }),
    ...(options.maxOutput === undefined ? {} : { maximumOutput: options.maxOutput * 1e6 }),
    ...(options.prepareOnly ? { prepareOnly: true } : {}),
    ...(options.allowLateErrors ? { allowLateErrors: true } : {}),
    ...(options.resume ? { resume: true } : {}),
    stillImages: options.images,
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

/** Reads the stored outputs of `input` before it runs; undefined when nothing is to be compared. */
async function prepareCheck(input: string, options: ExecOptions): Promise<Checker | undefined> {
  if (!options.check && !options.checkTagged) return undefined;
  const stored = storedOutputs(await asUsage(readNotebook(input)), input);
  const sanitize = await createSanitizer(options.sanitize);
  const { tolerance = 0, checkTagged: onlyTagged = false } = options;
  return (run) => checkOutputs(stored, run.notebook, { sanitize, tolerance, onlyTagged });
}

async function executeFile(options: ExecuteOptions, report: boolean, people: TerminalStream): Promise<Executed> {
  const run = await asUsage(executeNotebook(options));
  const wanted = report && !options.prepareOnly && run.output !== undefined;
  const written = wanted ? await writeReport(run.notebook, run.output.replace(/(\.ipynb)?$/, ".html")) : null;
  people.write(options.prepareOnly ? `prepared ${printable(run.output ?? "")}\n` : `\n${runSummary(run, written)}\n`);
  return { run, report: written };
}

function givenParameters(words: ReturnType<typeof splitWords>, options: ExecOptions): GivenParameters {
  return {
    typed: words.typed,
    raw: words.raw,
    files: options.parametersFile ?? [],
    yaml: options.parametersYaml ?? [],
    base64: options.parametersBase64 ?? [],
  };
}

/** Tells a watch which cell runs and what the kernel uses. */
function watchListener(watch: RunWatch): RunListener {
  return {
    cellStarted: (_, number) => watch.update({ cell: number }),
    sampled: (_, { residentBytes }) => watch.update({ kernelMemoryMegabytes: Math.round(residentBytes / 1e6) }),
  };
}

/** UsageError for whatever can be seen to be wrong before the first notebook has run for hours. */
async function refuseWrongUse(inputs: readonly string[], options: ExecOptions): Promise<void> {
  for (const input of inputs) {
    if (!existsSync(input)) throw new UsageError(`there is no notebook at ${input}; check the path`);
    await asUsage(readNotebook(input)); // a broken one is reported before the first has run for hours
  }
  refuseCollisions(inputs, options.output);
  if (options.images === "always" && !chromiumPath())
    throw new UsageError(`--images always needs a browser; ${CHROMIUM_HINT}`);
}

/** Runs notebooks one after another, with `-p` and `-r` among `words`; the first failure ends it. */
export async function execute(
  host: VerbHost,
  watch: RunWatch,
  words: string[],
  options: ExecOptions,
): Promise<Outcome> {
  const split = splitWords(words);
  const inputs = split.files.length > 0 ? split.files : [host.defaultNotebook].filter((file) => file !== undefined);
  if (inputs.length === 0) throw new UsageError(`name a notebook, e.g. ${host.call} exec notebooks/analysis.ipynb`);
  refuseContradictions(options);
  if (options.helpNotebook) return listParameters(inputs[0]!, options);
  await refuseWrongUse(inputs, options);
  const people = options.json ? process.stderr : process.stdout;
  const warn = (text: string) => notify(`${programName()}: ${text}`);
  await watch.begin(inputs.map((input) => basename(input, ".ipynb")).join(" "));
  const log: RunLog | undefined = options.log
    ? await openRunLog(options.log, (error) => warn(`the log ends here: ${error.message}; the run goes on`))
    : undefined;
  const interrupt = listenForInterrupt("what ran so far is saved");
  const done: Executed[] = [];
  let exitCode = 0;
  try {
    for (const input of inputs) {
      const checker = await prepareCheck(input, options);
      const written = checker === undefined || options.output !== undefined; // a check alone writes nothing
      const executed = await executeFile(
        {
          ...commonOptions(options),
          input,
          output: written ? outputFor(input, options.output, inputs.length > 1) : undefined,
          parameters: givenParameters(split, options),
          signal: interrupt.signal,
          listeners: [createTerminalListener(people), watchListener(watch), ...(log ? [log] : [])],
        },
        options.report !== false,
        people,
      );
      const { failure } = executed.run;
      const check = failure ? undefined : checker?.(executed.run);
      done.push(check ? { ...executed, check } : executed);
      if (check) people.write(`${checkText(input, check, executed.run.notebook)}\n`);
      if (check && check.different.length > 0) exitCode = 1;
      if (!failure) continue;
      warn(failureText(input, failure));
      exitCode = failure.kind === "interrupted" ? interrupt.exitCode() : EXIT_CODES[failure.kind];
      break;
    }
  } finally {
    interrupt.release();
    log?.close();
  }
  return {
    json: {
      notebooks: done.map(({ run, report, check }) => ({ ...runJson(run, report), ...(check ? { check } : {}) })),
    },
    message: done.map(({ run }) => (run.failure ? failureText(run.input, run.failure) : `${run.input} ran`)).join("; "),
    exitCode,
  };
}

/** The parameters that a notebook declares. */
export async function listParameters(file: string, options: { kernel?: string }): Promise<Outcome> {
  const notebook = await asUsage(readNotebook(file));
  const name = options.kernel ?? notebook.metadata.kernelspec?.name;
  const known = name === undefined ? undefined : await findKernelspec(name).catch(() => undefined); // the metadata has the language too
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
    default: defaultValue === undefined ? (defaultText ?? null) : plainValue(defaultValue),
    help,
  }));
  return {
    json: { notebook: file, parameters: json },
    text: lines.join("\n") || `${file} has no cell tagged "parameters"`,
  };
}

/** Writes the HTML report of an executed notebook, beside it or to `output`. */
export async function report(file: string, { output }: { output?: string }): Promise<Outcome> {
  const notebook = await asUsage(readNotebook(file));
  const path = await writeReport(notebook, output ?? file.replace(/(\.ipynb)?$/, ".html"));
  return { json: { notebook: file, report: path }, text: `report  ${printable(path)}` };
}
