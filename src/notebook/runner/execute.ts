import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ConfigError } from "../../base/errors.js";
import { findKernelspec, type Kernelspec } from "../kernelspec.js";
import type { ErrorContent, Message } from "../wire/message.js";
import { describeCellError, ensureErrorOutput, errorLine } from "./cell-error.js";
import { injectParameters } from "./inject.js";
import { type CellReply, KernelDeadError, type KernelSession, startSession, TimeoutError } from "./kernel-session.js";
import { type CodeCell, hasTag, type Notebook, readNotebook, writeNotebook } from "./notebook-file.js";
import { createOutputCollector } from "./outputs.js";
import { type GivenParameters, resolveParameters } from "./parameter-values.js";
import { parameterLanguage, readParameters } from "./parameters.js";
import { collectReceipt, type Receipt } from "./receipt.js";
import { stampCell, stampEnd, stampStart } from "./run-metadata.js";

/** Told what happens while a notebook runs; `number` counts code cells from 1. */
export interface RunListener {
  notebookStarted?(notebook: Notebook, paths: { input: string; output: string }, kernel: Kernelspec): void;
  kernelReady?(seconds: number): void;
  cellStarted?(cell: CodeCell, number: number): void;
  cellMessage?(cell: CodeCell, message: Message): void;
  cellEnded?(cell: CodeCell, number: number, status: "completed" | "failed" | "skipped", seconds: number): void;
}

export interface ExecuteOptions {
  readonly input: string;
  /** Where the executed notebook is saved; `{name}` of a parameter stands for its value. */
  readonly output: string;
  readonly parameters?: GivenParameters;
  /** Kernel to use instead of the one that the notebook names. */
  readonly kernelName?: string;
  /** Longest time for one cell. @default no limit */
  readonly cellTimeoutSeconds?: number;
  /** Longest time for all cells. @default no limit */
  readonly totalTimeoutSeconds?: number;
  /** @default 60 */
  readonly startTimeoutSeconds?: number;
  /** Time between saves within a long cell. @default 30 */
  readonly saveIntervalSeconds?: number;
  /** Aborting saves what there is and ends the run as "interrupted". */
  readonly signal?: AbortSignal;
  readonly listener?: RunListener;
}

/** Where and why a run ended early. */
export interface RunFailure {
  readonly kind: "cell" | "kernel" | "timeout" | "interrupted";
  /** Code cell, counted from 1; undefined when no cell was running. */
  readonly cell: number | undefined;
  /** Line within the cell, counted from 1, where known. */
  readonly line: number | undefined;
  /** One line for people. */
  readonly message: string;
  readonly error: ErrorContent | undefined;
}

export interface RunResult {
  readonly input: string;
  readonly output: string;
  readonly seconds: number;
  /** Number of code cells. */
  readonly cells: number;
  readonly failure: RunFailure | undefined;
  readonly receipt: Receipt | undefined;
  readonly notebook: Notebook;
}

/** After an error stock tslab refuses everything for 200 ms. */
const ABORTED_PAUSE_MILLISECONDS = 250;
const ABORTED_ATTEMPTS = 4;
const LOST_OUTPUT =
  "output was lost: the kernel answered but its end-of-cell message never came, so messages before it are missing too; run this notebook with the project's own kernels, which lose none";

interface Run {
  readonly options: ExecuteOptions;
  readonly notebook: Notebook;
  readonly output: string;
  readonly session: KernelSession;
  readonly collector: ReturnType<typeof createOutputCollector>;
  readonly signal: AbortSignal;
  save(): Promise<void>;
}

function timeoutSignal(seconds: number | undefined, what: string): AbortSignal[] {
  if (seconds === undefined) return [];
  const controller = new AbortController();
  const late = () => controller.abort(new TimeoutError(`${what} took longer than ${seconds} s`));
  setTimeout(late, Math.min(seconds * 1000, 2 ** 31 - 1)).unref();
  return [controller.signal];
}

async function executeOnce(run: Run, cell: CodeCell, number: number): Promise<CellReply> {
  const signal = AbortSignal.any([run.signal, ...timeoutSignal(run.options.cellTimeoutSeconds, `cell ${number}`)]);
  for (let attempt = 1; ; attempt++) {
    const reply = await run.session.execute({
      code: cell.source,
      stopOnError: !hasTag(cell, "raises-exception"),
      signal,
      onMessage: (message) => {
        run.collector.apply(cell.outputs, message);
        run.options.listener?.cellMessage?.(cell, message);
      },
    });
    if (reply.status !== "aborted" || attempt === ABORTED_ATTEMPTS) return reply;
    await sleep(ABORTED_PAUSE_MILLISECONDS);
  }
}

/** The failure that a reply tells of; its error output is added to the cell. Undefined when the cell may pass. */
function failureOf(cell: CodeCell, number: number, reply: CellReply): RunFailure | undefined {
  const expected = hasTag(cell, "raises-exception");
  if (reply.status === "error") {
    const error = ensureErrorOutput(cell.outputs, reply.error);
    if (!expected)
      return { kind: "cell", cell: number, line: errorLine(error), message: describeCellError(error), error };
  }
  if (reply.status === "aborted") return fail(cell, number, "Aborted", "the kernel refused to run the cell");
  return reply.outputLost ? fail(cell, number, "OutputLost", LOST_OUTPUT) : undefined;
}

function fail(
  cell: CodeCell,
  number: number,
  ename: string,
  evalue: string,
  kind: RunFailure["kind"] = "cell",
): RunFailure {
  const error = { output_type: "error" as const, ename, evalue, traceback: evalue.split("\n") };
  cell.outputs.push(error);
  return { kind, cell: number, line: undefined, message: evalue, error };
}

/** The failure behind an exception thrown while `cell` ran; anything unforeseen is thrown on. */
function thrownFailure(error: unknown, cell: CodeCell, number: number): RunFailure {
  if (error instanceof KernelDeadError) return fail(cell, number, "DeadKernel", error.message, "kernel");
  if (error instanceof TimeoutError) return fail(cell, number, "Timeout", error.message, "timeout");
  if (error instanceof Error && error.name === "AbortError")
    return fail(cell, number, "Interrupted", error.message, "interrupted");
  throw error;
}

async function runCell(run: Run, cell: CodeCell, number: number): Promise<RunFailure | undefined> {
  const { listener } = run.options;
  if (hasTag(cell, "skip-execution") || cell.source.trim() === "") {
    stampCell(cell, "skipped");
    listener?.cellEnded?.(cell, number, "skipped", 0);
    return undefined;
  }
  const startedAt = new Date();
  stampCell(cell, "running", { startedAt });
  listener?.cellStarted?.(cell, number);
  const counted = await run.session.process.resetPeakMemory();
  let failure: RunFailure | undefined;
  try {
    const reply = await executeOnce(run, cell, number);
    cell.execution_count = reply.executionCount ?? number;
    failure = failureOf(cell, number, reply);
  } catch (error) {
    cell.execution_count = number;
    failure = thrownFailure(error, cell, number);
  }
  const endedAt = new Date();
  const peakMemoryBytes = counted ? await run.session.process.peakMemoryBytes() : undefined;
  const status = failure ? "failed" : "completed";
  stampCell(cell, status, { startedAt, endedAt, ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }) });
  listener?.cellEnded?.(cell, number, status, (endedAt.getTime() - startedAt.getTime()) / 1000);
  await run.save();
  return failure;
}

async function runCells(run: Run): Promise<RunFailure | undefined> {
  const cells = run.notebook.cells.filter((cell) => cell.cell_type === "code");
  for (const [index, cell] of cells.entries()) {
    const failure = await runCell(run, cell, index + 1);
    if (failure) return failure;
  }
  return undefined;
}

/** Saves one at a time; a save asked for during another follows it once. */
function createSaver(path: string, notebook: Notebook): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const write = () => {
    current = writeNotebook(path, notebook).finally(() => {
      current = undefined;
    });
    return current;
  };
  return () => {
    if (!current) return write();
    next ??= current
      .catch(() => {})
      .then(() => {
        next = undefined;
        return write();
      });
    return next;
  };
}

function fillPath(path: string, values: Readonly<Record<string, unknown>>): string {
  return path.replace(/\{([^{}]+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]).replaceAll("/", "-") : whole,
  );
}

async function prepare(options: ExecuteOptions) {
  const input = resolve(options.input);
  const notebook = await readNotebook(input);
  const named = options.kernelName ?? notebook.metadata.kernelspec?.name;
  if (!named)
    throw new ConfigError(`${options.input} names no kernel in its metadata; give one with --kernel`, {
      key: "kernel",
    });
  const kernel = await findKernelspec(named);
  const language = parameterLanguage(kernel.language);
  const parameters = readParameters(notebook, language);
  const values = await resolveParameters(options.parameters ?? {}, parameters, options.input);
  const defaults = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.defaultValue]));
  const output = resolve(fillPath(options.output, { ...defaults, ...values }));
  if (output === input)
    throw new ConfigError(`the output ${output} is the notebook itself; name another with --output`, { key: "output" });
  injectParameters(notebook, values, parameters, language);
  notebook.metadata.kernelspec = { name: kernel.name, display_name: kernel.displayName, language: kernel.language };
  return { input, output, notebook, kernel, parameters, values };
}

function startFailure(error: unknown): RunFailure {
  if (!(error instanceof Error)) throw error;
  const kinds: Record<string, RunFailure["kind"]> = {
    KernelDeadError: "kernel",
    TimeoutError: "timeout",
    AbortError: "interrupted",
  };
  const kind = kinds[error.name];
  if (!kind) throw error;
  return { kind, cell: undefined, line: undefined, message: error.message, error: undefined };
}

/**
 * Runs the code cells of a notebook in a fresh kernel that starts in the notebook's folder. The executed notebook is
 * saved at the start, after each cell, every 30 s within a cell, and at the end, whatever the end. Resolves with the
 * outcome, failed runs included; throws ConfigError, FormatError or NotFoundError for what is wrong before the start.
 */
export async function executeNotebook(options: ExecuteOptions): Promise<RunResult> {
  const { input, output, notebook, kernel, parameters, values } = await prepare(options);
  const startedAt = new Date();
  stampStart(notebook, { input: options.input, output, startedAt, parameters, values });
  const save = createSaver(output, notebook);
  await save();
  options.listener?.notebookStarted?.(notebook, { input, output }, kernel);
  const signals = [
    ...(options.signal ? [options.signal] : []),
    ...timeoutSignal(options.totalTimeoutSeconds, "the notebook"),
  ];
  const signal = AbortSignal.any(signals);
  let session: KernelSession | undefined;
  let failure: RunFailure | undefined;
  const timer = setInterval(() => void save().catch(() => {}), (options.saveIntervalSeconds ?? 30) * 1000); // the save after the cell reports
  try {
    const startTimeoutMilliseconds = (options.startTimeoutSeconds ?? 60) * 1000;
    session = await startSession(kernel, { cwd: dirname(input), startTimeoutMilliseconds, signal });
    options.listener?.kernelReady?.((Date.now() - startedAt.getTime()) / 1000);
    notebook.metadata.language_info = session.languageInfo;
    failure = await runCells({ options, notebook, output, session, collector: createOutputCollector(), signal, save });
  } catch (error) {
    failure = startFailure(error);
  } finally {
    clearInterval(timer);
    if (failure && failure.kind !== "cell") await session?.process.kill();
    await session?.shutdown();
  }
  stampEnd(notebook, startedAt, failure !== undefined);
  const receipt = collectReceipt(notebook);
  if (receipt) notebook.metadata.ictal = { ...notebook.metadata.ictal, receipt };
  await save();
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code").length;
  const seconds = (Date.now() - startedAt.getTime()) / 1000;
  return { input: options.input, output, seconds, cells, failure, receipt, notebook };
}
