import type { DisplayChannel } from "../../display.js";
import type { MimeBundle } from "../../wire/message.js";
import type { CheckedCell, Language } from "../language/language.js";
import { MagicError } from "../magics/catalogue.js";
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

/** Runs cells, one at a time. */
export interface CellRunner {
  run(order: CellOrder): void;
  /** Ends the running cell, whether its code was terminated or only waits; without one, stops what cells left running. */
  interrupt(): void;
}

interface Running {
  readonly context: JobContext;
  finish(outcome: CellOutcome): void;
}

export function createCellRunner(parts: RunnerParts): CellRunner {
  const { language, modules, evaluator, maps, timers, leftovers, pending, post } = parts;
  let running: Running | undefined;

  const failure = (error: unknown, place?: string): CellOutcome => ({
    status: "error",
    error: describeThrown(error, maps, place),
  });

  /** Why a cell did not come to run. */
  const refusal = ({ code, cell }: CellOrder, error: unknown): CellOutcome =>
    error instanceof MagicError ? { status: "error", error: describeMagicError(error, code, cell) } : failure(error);

  async function publishResult(order: CellOrder, value: unknown): Promise<void> {
    const data = await viewOf(value);
    if (data === undefined || order.silent) return;
    const content = encodeJson({ execution_count: order.cell, data, metadata: {} });
    post({ type: "publish", job: order.job, messageType: "execute_result", content }, [content.buffer]);
  }

  async function evaluateExpressions(expressions: CellOrder["userExpressions"]): Promise<Record<string, unknown>> {
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

  /** Waits for displays that the cell has begun. */
  async function settleDisplays(): Promise<void> {
    for (const settle of [...pending]) await settle();
  }

  async function evaluate(
    order: CellOrder,
    context: JobContext,
    checked: CheckedCell,
    magics: readonly Magic[],
  ): Promise<CellOutcome> {
    maps.addCell(order.cell, checked.sourceMap, magics);
    modules.declare(checked);
    // A turn of its own: termination empties the queue of microtasks, which should hold nobody else's.
    await turn();
    const evaluated = await evaluator.evaluate(checked.javaScript);
    await settleDisplays();
    await turn(); // rejections that nobody awaits are told now, as part of the cell
    leftovers.noteEnd(order.cell, evaluated.value);
    if (context.ended) return interruptedOutcome(); // already reported
    if (evaluated.status === "thrown") return failure(evaluated.value, evaluated.place);
    await publishResult(order, evaluated.value);
    return { status: "ok", userExpressions: await evaluateExpressions(order.userExpressions) };
  }

  async function runCode(order: CellOrder, context: JobContext): Promise<CellOutcome> {
    const parsing = parseMagics(order.code, { isDeclared: modules.isDeclared });
    // The compiler works in a thread of its own while this one loads again what has changed.
    const [reload, { magics }, checked] = await Promise.all([
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
    const outcome = await evaluate(order, context, checked, magics);
    await warned.catch(() => {}); // the language service says so itself when it fails
    return outcome;
  }

  function interruptedOutcome(): CellOutcome {
    const { name, message } = new InterruptedError();
    return { status: "error", error: { ename: name, evalue: message, traceback: [`${name}: ${message}`] } };
  }

  return {
    run(order) {
      const { job, cell, allowStdin } = order;
      const context: JobContext = { job, cell, allowStdin, controller: new AbortController(), ended: false };
      const current: Running = {
        context,
        finish(outcome) {
          if (context.ended) return;
          context.ended = true;
          running = undefined;
          post({ type: "done", job, outcome });
        },
      };
      running = current;
      runInJob(context, () => {
        runCode(order, context).then(current.finish, (error: unknown) => current.finish(refusal(order, error)));
      });
    },
    interrupt() {
      const stopped = running;
      if (!stopped) {
        stopAllLoops();
        return timers.stop();
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
    },
  };
}
