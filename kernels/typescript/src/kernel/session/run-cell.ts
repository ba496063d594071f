import type { DisplayChannel } from "../../display.js";
import type { MimeBundle } from "../../wire/message.js";
import type { CheckedCell, Language } from "../language/language.js";
import { MagicError } from "../magics/catalogue.js";
import type { FileRun } from "../magics/file-run.js";
import { type Magic, parseMagics } from "../magics/magics.js";
import type { CellOrder, CellOutcome, ToProtocol } from "../threads/messages.js";
import { encodeJson } from "../threads/well-formed.js";
import { viewOf } from "../views/view.js";
import { stopAllLoops, stopLoops } from "./checkpoint.js";
import { describeDiagnostics, describeMagicError, describeThrown } from "./describe-error.js";
import type { Evaluator } from "./evaluator.js";
import { InterruptedError } from "./interrupted.js";
import { type JobContext, runInJob } from "./job.js";
import type { LeftoverWatch } from "./leftovers.js";
import type { Modules } from "./modules.js";
import type { SourceMaps } from "./source-maps.js";
import type { CellTimers } from "./timers.js";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A cell that listens to its signal has this long to end in its own way. */
const GRACE_MILLISECONDS = 500;

export interface RunnerParts {
  readonly language: Language;
  readonly modules: Modules;
  readonly evaluator: Evaluator;
  readonly maps: SourceMaps;
  readonly timers: CellTimers;
  readonly leftovers: LeftoverWatch;
  /** Displays that are still to come. */
  readonly pending: NonNullable<DisplayChannel["pending"]>;
  post(message: ToProtocol, transfer?: ArrayBuffer[]): void;
}

interface Running {
  readonly context: JobContext;
  finish(outcome: CellOutcome): void;
}

function interruptedOutcome(): CellOutcome {
  const { name, message } = new InterruptedError();
  return { status: "error", error: { ename: name, evalue: message, traceback: [`${name}: ${message}`] } };
}

/** Has the cell's import run a file, with arguments as the command line gives them. */
function prepareRun({ specifier, path, arguments: words }: FileRun, modules: Modules): void {
  modules.forget(specifier);
  process.argv.splice(1, process.argv.length, path, ...words);
}

/** Runs cells, one at a time. */
export class CellRunner {
  readonly #parts: RunnerParts;
  #running: Running | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  run(order: CellOrder): void {
    const { job, cell, allowStdin } = order;
    const context: JobContext = { job, cell, allowStdin, controller: new AbortController(), ended: false };
    const running: Running = {
      context,
      finish: (outcome) => {
        if (context.ended) return;
        context.ended = true;
        this.#running = undefined;
        this.#parts.post({ type: "done", job, outcome });
      },
    };
    this.#running = running;
    runInJob(context, () => {
      this.#runCode(order, context).then(running.finish, (error: unknown) =>
        running.finish(this.#refusal(order, error)),
      );
    });
  }

  /** Ends the running cell, whether its code was terminated or only waits; without one, stops what cells left running. */
  interrupt(): void {
    const { timers, evaluator } = this.#parts;
    const stopped = this.#running;
    if (!stopped) {
      stopAllLoops();
      timers.stop();
      return;
    }
    timers.stop(stopped.context);
    stopped.context.controller.abort(new InterruptedError());
    const end = () => {
      stopLoops(stopped.context);
      if (stopped.context.ended) return; // in its own way
      stopped.finish(interruptedOutcome());
      evaluator.abandon();
    };
    if (stopped.context.usesSignal) setTimeout(end, GRACE_MILLISECONDS);
    else end();
  }

  async #runCode(order: CellOrder, context: JobContext): Promise<CellOutcome> {
    const { language, modules } = this.#parts;
    const parsing = parseMagics(order.code, { isDeclared: modules.isDeclared });
    // The compiler works in a thread of its own while this one loads again what has changed.
    const [reload, { magics, runs: files }, checked] = await Promise.all([
      modules.refresh(),
      parsing,
      parsing.then(({ code }) => language.check(code, order.cell)),
    ]);
    const runs = checked.status === "ok" && !context.ended;
    language.settle(order.cell, runs);
    if (checked.status === "error") {
      return { status: "error", error: describeDiagnostics(checked.diagnostics, order.cell, magics) };
    }
    if (!runs) return interruptedOutcome();
    const warned = modules.warn(reload);
    for (const file of files) prepareRun(file, modules);
    const outcome = await this.#evaluate(order, context, checked, magics);
    await warned.catch(() => {}); // the language service reports its own failure
    return outcome;
  }

  async #evaluate(
    order: CellOrder,
    context: JobContext,
    checked: CheckedCell,
    magics: readonly Magic[],
  ): Promise<CellOutcome> {
    const { maps, modules, evaluator, leftovers } = this.#parts;
    maps.addCell(order.cell, checked.sourceMap, magics);
    modules.declare(checked);
    // A turn of its own: termination empties the queue of microtasks, which should hold nobody else's.
    await turn();
    const evaluated = await evaluator.evaluate(checked.javaScript);
    await this.#settleDisplays();
    await turn(); // rejections that nobody awaits are reported now, as part of the cell
    leftovers.noteEnd(order.cell, evaluated.value);
    if (context.ended) return interruptedOutcome(); // already reported
    if (evaluated.status === "thrown") return this.#failure(evaluated.value, evaluated.place);
    await this.#publishResult(order, evaluated.value);
    const { pages = [] } = context;
    return { status: "ok", userExpressions: await this.#evaluateExpressions(order.userExpressions), pages };
  }

  /** Waits for displays that the cell has begun. */
  async #settleDisplays(): Promise<void> {
    for (const settle of [...this.#parts.pending]) await settle();
  }

  async #publishResult(order: CellOrder, value: unknown): Promise<void> {
    const data = await viewOf(value);
    if (data === undefined || order.silent) return;
    const content = encodeJson({ execution_count: order.cell, data, metadata: {} });
    this.#parts.post({ type: "publish", job: order.job, messageType: "execute_result", content }, [content.buffer]);
  }

  async #evaluateExpressions(expressions: CellOrder["userExpressions"]): Promise<Record<string, unknown>> {
    const { evaluator, maps } = this.#parts;
    const results: Record<string, unknown> = {};
    for (const [name, expression] of Object.entries(expressions)) {
      const evaluated = await evaluator.evaluate(`(${expression}\n)`);
      if (evaluated.status === "thrown") {
        results[name] = { status: "error", ...describeThrown(evaluated.value, maps, evaluated.place) };
      } else {
        const data: MimeBundle = (await viewOf(evaluated.value)) ?? { "text/plain": "undefined" };
        results[name] = { status: "ok", data, metadata: {} };
      }
    }
    return JSON.parse(new TextDecoder().decode(encodeJson(results))) as Record<string, unknown>; // fit for another thread
  }

  #failure(error: unknown, place?: string): CellOutcome {
    return { status: "error", error: describeThrown(error, this.#parts.maps, place) };
  }

  /** Why a cell did not come to run. */
  #refusal({ code, cell }: CellOrder, error: unknown): CellOutcome {
    if (error instanceof MagicError) return { status: "error", error: describeMagicError(error, code, cell) };
    return this.#failure(error);
  }
}
