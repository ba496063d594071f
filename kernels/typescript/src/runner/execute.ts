import { setTimeout as sleep } from "node:timers/promises";
import { type NumberRange, requireNumbers } from "@ictal/base/options";
import type { Kernelspec } from "../kernelspec.js";
import { type CodeCell, hasTag, type Notebook } from "../notebook/notebook-file.js";
import { prepareNotebook } from "../parameters/prepare.js";
import { beginAgain, FRESH, planResume, type ResumePlan, restoreCells } from "../resume/plan.js";
import { type Basis, describeBasis, writeRecord } from "../resume/record.js";
import { type Autosave, createAutosave, NO_AUTOSAVE, saveRegularly } from "./autosave.js";
import type { ExecuteOptions, RunResult } from "./execute-options.js";
import { type RunFailure, replyFailure, startFailure, thrownFailure } from "./failure.js";
import { type CellReply, type KernelSession, startSession } from "./kernel-session.js";
import { createLateErrors, exitCodeFailure, type LateErrors, pendingWork } from "./late-errors.js";
import { joinListeners, type RunListener } from "./listener.js";
import { OutputCollector } from "./outputs.js";
import { collectReceipt } from "./receipt.js";
import { measureResources } from "./resources.js";
import { type CellStamp, hideSources, stampCell, stampEnd, stampStart } from "./run-metadata.js";
import { addStillImages } from "./still-images.js";
import { type LimitedSignal, limitTime } from "./time-limit.js";
import { collectValues } from "./values.js";
import { createWidgetStates, type WidgetStates } from "./widget-states.js";

/** After an error stock tslab refuses everything for 200 ms. */
const ABORTED_PAUSE_MILLISECONDS = 250;
const ABORTED_ATTEMPTS = 4;
/** After the last cell the kernel has so long for what cells have begun and not awaited. */
const GRACE_MILLISECONDS = 2000;

const allowsLate = ({ allowLateErrors, allowErrors }: ExecuteOptions): boolean =>
  allowLateErrors === true || allowErrors === true;

interface Run {
  readonly options: ExecuteOptions;
  readonly notebook: Notebook;
  readonly session: KernelSession;
  readonly collector: OutputCollector;
  readonly signal: AbortSignal;
  readonly autosave: Autosave;
  readonly listener: Required<RunListener>;
  readonly plan: ResumePlan;
  readonly basis: Basis;
  readonly late: LateErrors;
  /** Failures that were allowed. */
  readonly allowed: RunFailure[];
  readonly widgets: WidgetStates;
  /** Called when an output changes. */
  changed(): void;
}

async function executeOnce(run: Run, cell: CodeCell, number: number, signal: AbortSignal): Promise<CellReply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await run.session.execute({
      code: cell.source,
      stopOnError: !hasTag(cell, "raises-exception"),
      signal,
      onMessage: (message) => {
        if (run.collector.apply(cell.outputs, message)) run.changed();
        run.late.note(cell, number, message);
        run.widgets.note(message);
        run.listener.cellMessage(cell, message);
      },
    });
    if (reply.status !== "aborted" || attempt === ABORTED_ATTEMPTS) return reply;
    await sleep(ABORTED_PAUSE_MILLISECONDS);
  }
}

async function attemptCell(run: Run, cell: CodeCell, number: number): Promise<RunFailure | undefined> {
  cell.execution_count = number; // until the kernel reports another
  const limit = limitTime(run.signal, run.options.cellTimeoutSeconds, `cell ${number}`);
  try {
    const reply = await executeOnce(run, cell, number, limit.signal);
    cell.execution_count = reply.executionCount ?? number;
    run.collector.settle();
    for (const data of reply.pages) cell.outputs.push({ output_type: "display_data", data, metadata: {} });
    return replyFailure(cell, number, reply) ?? run.late.failure(cell);
  } catch (error) {
    run.collector.settle();
    return thrownFailure(error, cell, number);
  } finally {
    limit.release();
  }
}

async function runCell(run: Run, cell: CodeCell, number: number): Promise<RunFailure | undefined> {
  const { listener, session } = run;
  if (hasTag(cell, "skip-execution") || cell.source.trim() === "") {
    stampCell(cell, "skipped");
    listener.cellEnded(cell, number, "skipped", {});
    return undefined;
  }
  const startedAt = new Date();
  if (run.plan.again.includes(number - 1)) beginAgain(cell);
  else stampCell(cell, "running", { startedAt });
  listener.cellStarted(cell, number);
  const endMeasuring = await measureResources(session.process, (usage) => listener.sampled(number, usage));
  const failure = await attemptCell(run, cell, number);
  const endedAt = new Date();
  const stamp: CellStamp = { startedAt, endedAt, ...(await endMeasuring()) };
  const status = failure ? "failed" : "completed";
  stampCell(cell, status, stamp);
  if (!run.basis.holds()) cell.metadata.ictal = { ...(cell.metadata.ictal as object), sourcesChanged: true };
  listener.cellEnded(cell, number, status, stamp);
  await run.autosave.save();
  return failure;
}

async function runCells(run: Run): Promise<RunFailure | undefined> {
  const cells = run.notebook.cells.filter((cell) => cell.cell_type === "code");
  for (const [index, cell] of cells.entries()) {
    if (run.plan.retained.has(index)) {
      run.listener.cellEnded(cell, index + 1, "kept", {});
      continue;
    }
    const failure = (await runCell(run, cell, index + 1)) ?? run.late.failure();
    if (!failure) continue;
    if (run.options.allowErrors && failure.kind === "cell") {
      run.allowed.push(failure);
      continue;
    }
    if (failure.kind === "cell" && run.late.failure()) await settleCells(run); // where there is one there may be more to show
    return failure;
  }
  return settleCells(run);
}

/** Waits for late errors of the cells, and returns what is still to be done when the kernel ends. */
async function settleCells({
  session,
  notebook,
  listener,
  collector,
  late,
  ...run
}: Run): Promise<RunFailure | undefined> {
  const left = await session.settle(GRACE_MILLISECONDS, run.signal);
  collector.settle();
  if (run.signal.aborted) return startFailure(run.signal.reason);
  if (!left) return late.failure();
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code");
  const pending = pendingWork(left, cells);
  if (pending.length > 0) {
    notebook.metadata.ictal = { ...notebook.metadata.ictal, pending };
    const what = pending.join("; ");
    listener.notice(
      `warning: work is still pending and ends with the kernel: ${what}. Await it in a cell if it matters`,
    );
  }
  const isAllowed = allowsLate(run.options);
  if (isAllowed && left.exit_code) listener.notice(`process.exitCode was set to ${left.exit_code}, which was allowed`);
  return late.failure() ?? (isAllowed ? undefined : exitCodeFailure(left, cells));
}

/** Starts the kernel, runs the cells, ends the kernel and all that came out of it. */
async function runInKernel(
  given: Omit<Run, "session" | "signal" | "changed"> & { readonly folder: string; readonly kernel: Kernelspec },
): Promise<RunFailure | undefined> {
  const { options, notebook, kernel, autosave, listener } = given;
  const startedAt = performance.now();
  let dirty = false;
  const changed = () => {
    dirty = true;
  };
  const save = () => {
    dirty = false;
    return autosave.save();
  };
  const endAutosave = saveRegularly(options.saveIntervalSeconds ?? 30, () => dirty, save);
  let session: KernelSession | undefined;
  let limit: LimitedSignal | undefined;
  let failure: RunFailure | undefined;
  try {
    const startTimeoutMilliseconds = (options.startTimeoutSeconds ?? 60) * 1000;
    const pace = listener.ready;
    session = await startSession(kernel, { cwd: given.folder, startTimeoutMilliseconds, signal: options.signal, pace });
    listener.kernelReady((performance.now() - startedAt) / 1000, session.process.pid);
    notebook.metadata.language_info = session.languageInfo;
    limit = limitTime(options.signal, options.timeoutSeconds, "the notebook");
    failure = await runCells({ ...given, session, signal: limit.signal, changed });
  } catch (error) {
    failure = startFailure(error);
  } finally {
    endAutosave();
    limit?.release();
    if (failure && failure.kind !== "cell") await session?.process.kill();
    await session?.shutdown();
  }
  return failure;
}

function allowedNotice(allowed: readonly RunFailure[]): string | undefined {
  const cells = allowed.map(({ cell }) => cell).join(", ");
  return allowed.length > 0 ? `failed and allowed by --allow-errors: cell ${cells}` : undefined;
}

/** What a timer can wait for, in whole terms: three weeks. */
const SECONDS: NumberRange = { above: 0, most: 2_000_000 };

function requireOptions(options: ExecuteOptions): void {
  const { cellTimeoutSeconds, timeoutSeconds, startTimeoutSeconds, saveIntervalSeconds, maximumOutput } = options;
  requireNumbers({ cellTimeoutSeconds, timeoutSeconds, startTimeoutSeconds, saveIntervalSeconds }, SECONDS);
  requireNumbers({ maximumOutput }, { least: 1 });
}

/**
 * Runs the code cells of a notebook in a fresh kernel that starts in the notebook's folder, or in `cwd`. The executed notebook is
 * saved at the start, after each cell, every 30 s within a cell, and at the end, whatever the end. Resolves with the
 * outcome, failed runs included; throws ConfigError, FormatError or NotFoundError for what is wrong before the start,
 * StoreError when the notebook cannot be saved at the start or at the end, RangeError for a time or a size that is none.
 */
export async function executeNotebook(options: ExecuteOptions): Promise<RunResult> {
  requireOptions(options);
  const prepared = await prepareNotebook(options);
  const { input, output, notebook, kernel, parameters, values } = prepared;
  const listener = joinListeners(options.listeners ?? []);
  const startedAt = new Date();
  const basis = await describeBasis(prepared);
  const plan = options.resume && output !== undefined ? await planResume(prepared, basis.record) : FRESH;
  const names = { input: options.inputName ?? options.input, output: options.outputName ?? options.output };
  stampStart(notebook, { ...names, folder: prepared.folder, startedAt, parameters, values });
  if (options.reportMode) hideSources(notebook);
  const collector = new OutputCollector(options.maximumOutput);
  const autosave =
    output === undefined ? NO_AUTOSAVE : createAutosave(output, notebook, () => collector.settle(), listener);
  restoreCells(notebook, plan, basis.record.id);
  if (output !== undefined && !options.prepareOnly) await writeRecord(output, basis.record);
  await autosave.first();
  const allowed: RunFailure[] = [];
  const outcome = (failure: RunFailure | undefined): RunResult => {
    const cells = notebook.cells.filter((cell) => cell.cell_type === "code").length;
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    const pending = (notebook.metadata.ictal?.pending ?? []) as string[]; // set by settleCells
    const receipt = collectReceipt(notebook);
    const values = collectValues(notebook);
    return { input: names.input, output, seconds, cells, failure, allowed, pending, receipt, values, notebook };
  };
  for (const notice of prepared.notices) listener.notice(notice);
  if (options.prepareOnly) return outcome(undefined);
  const isDone = plan.retained.size > 0 && plan.retained.size === basis.record.cells.length;
  listener.notebookStarted(notebook, { input, output }, kernel, values);
  for (const notice of plan.notices) listener.notice(notice);
  const late = createLateErrors(allowsLate(options));
  const widgets = createWidgetStates();
  const failure = isDone
    ? undefined
    : await runInKernel({ ...prepared, options, autosave, listener, collector, plan, basis, late, allowed, widgets });
  for (const notice of [allowedNotice(allowed), late.notice()]) if (notice) listener.notice(notice);
  stampEnd(notebook, startedAt, failure !== undefined);
  if (!isDone) widgets.store(notebook);
  const result = outcome(failure);
  if (result.receipt) notebook.metadata.ictal = { ...notebook.metadata.ictal, receipt: result.receipt };
  if (Object.keys(result.values).length > 0)
    notebook.metadata.ictal = { ...notebook.metadata.ictal, values: result.values };
  const stills = output === undefined || failure?.kind === "interrupted" ? undefined : options.stillImages;
  const notice = await addStillImages(notebook, stills ?? "never");
  if (notice) listener.notice(notice);
  listener.notebookEnded(result.seconds, failure);
  await autosave.last();
  return result;
}
