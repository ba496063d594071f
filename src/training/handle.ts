import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { interruptSignal } from "@ictal/base/interrupt-signal";
import { onAbort } from "@ictal/base/on-abort";
import { choiceOnce } from "../tensor/told-choice.js";
import { trainingEnvironment } from "./child-environment.js";
import { htmlOf, type TrainingView, textOf } from "./handle-display.js";
import { type FromChild, restoreError, storeError, type ToChild } from "./messages.js";
import { fillTrainOptions, type TrainOptions } from "./options.js";
import { memoryAdvice } from "./out-of-memory.js";
import { checkMetric, type TrainMetrics, type TrainReport, type Validate, type ValidationResult } from "./run.js";
import type { RunOverview } from "./run-overview.js";

/** A training run in its own process. Shows its present state in notebooks. */
export interface TrainingHandle extends TrainingView {
  /** Calls back after every change; returns a function that ends it. */
  onUpdate(callback: (handle: TrainingHandle) => void): () => void;
  /** Request a stop after the current step, with a checkpoint, and wait for it. */
  stop(): Promise<TrainReport>;
  /** Resolves when training has ended normally, also by `stop`; rejects when it failed or its process died. */
  readonly done: Promise<TrainReport>;
  /** Id of the process; undefined when it could not be started. */
  readonly processId: number | undefined;
}

export interface StartOptions {
  /** Metrics from dev predictions, computed in this process, which has labels and scorer. Without it nothing is validated. */
  readonly validate?: Validate | undefined;
  /** As `stop()`. @default an interrupt of the cell that starts the training, in the kernel `ictal` */
  readonly signal?: AbortSignal | undefined;
}

/** Steps kept for plots; beyond it every other one is dropped. */
const HISTORY = 2000;

/** Characters of the process's output kept for an error message. */
const OUTPUT_KEPT = 4000;

const display = Symbol.for("Jupyter.display");

class TrainingProcess implements TrainingHandle {
  state: TrainingView["state"] = "starting";
  step = 0;
  metrics: readonly TrainMetrics[] = [];
  validations: readonly ValidationResult[] = [];
  warnings: readonly string[] = [];
  executor: string | undefined;
  overview: RunOverview | undefined;
  checkpoint: string | undefined;
  failure: string | undefined;
  readonly runDir: string;
  metricName: string;
  readonly done: Promise<TrainReport>;

  readonly #child: ChildProcess;
  readonly #validate: Validate | undefined;
  readonly #callbacks = new Set<(handle: TrainingHandle) => void>();
  readonly #memoryAdvice: string;
  #output = "";
  #settle!: { resolve(report: TrainReport): void; reject(error: Error): void };

  constructor(options: TrainOptions, child: ChildProcess, validate: Validate | undefined) {
    this.runDir = options.runDir;
    const filled = fillTrainOptions(options, { isValidated: validate !== undefined });
    this.metricName = filled.metric.name;
    this.#memoryAdvice = memoryAdvice(filled);
    this.#child = child;
    this.#validate = validate;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => undefined); // reported by `done` and `failure`; an unhandled rejection would end a notebook
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#output = (this.#output + chunk.toString("utf8")).slice(-OUTPUT_KEPT);
      });
    }
    child.on("message", (message: FromChild) => this.#receive(message));
    child.on("error", (error) => this.#fail(error));
    child.on("close", (code, signal) => this.#fail(new Error(this.#deathMessage(code, signal))));
    this.#send({ type: "start", options, isValidated: validate !== undefined });
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  onUpdate(callback: (handle: TrainingHandle) => void): () => void {
    this.#callbacks.add(callback);
    return () => void this.#callbacks.delete(callback);
  }

  stop(): Promise<TrainReport> {
    if (!this.#isOver()) this.state = "stopping";
    this.#send({ type: "stop" });
    return this.done;
  }

  [display](): Record<string, string> {
    return { "text/html": htmlOf(this), "text/plain": textOf(this) };
  }

  #isOver(): boolean {
    return this.state === "done" || this.state === "failed";
  }

  #send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => undefined); // a dead process is reported by its exit
  }

  #update(): void {
    for (const callback of this.#callbacks) callback(this);
  }

  #fail(error: Error): void {
    if (this.#isOver()) return;
    this.state = "failed";
    this.failure = error.message;
    this.#settle.reject(error);
    this.#update();
  }

  #receive(message: FromChild): void {
    if (message.type === "failed") {
      this.#fail(restoreError(message.error));
      return;
    }
    this.#apply(message);
    if (message.type === "done") this.#settle.resolve(message.report);
    if (message.type === "validate") void this.#answer(message);
    this.#update();
  }

  #apply(message: FromChild): void {
    const isStopping = this.state === "stopping";
    if (message.type === "started") {
      this.executor = choiceOnce(message.choice);
      this.overview = message.overview;
    } else if (message.type === "metrics") {
      this.step = message.metrics.step;
      this.metrics = appendHistory(this.metrics, message.metrics);
    } else if (message.type === "validation") {
      this.validations = [...this.validations, message.result];
      this.metricName = message.result.metricName;
    }
    if (message.type === "warning") this.warnings = [...this.warnings, message.text];
    else if (message.type === "checkpoint") this.checkpoint = message.path;
    if (message.type === "done") this.state = "done";
    else if (!isStopping) this.state = message.type === "validate" ? "validating" : "training";
  }

  async #answer({ request, predictions }: Extract<FromChild, { type: "validate" }>): Promise<void> {
    try {
      const metrics = { ...(await this.#validate?.(predictions)) };
      this.#send({ type: "validated", request, metrics });
    } catch (error) {
      this.#send({ type: "not-validated", request, error: storeError(error) });
    }
  }

  #deathMessage(code: number | null, signal: NodeJS.Signals | null): string {
    const how = signal ? `was killed by ${signal}` : `ended with code ${code}`;
    const memory =
      signal === "SIGKILL"
        ? ` If it was not killed on purpose, the machine ran out of memory: ${this.#memoryAdvice}.`
        : "";
    const next = this.checkpoint ? `Resume from ${this.checkpoint}.` : "There is no checkpoint yet.";
    const output = this.#output.trim();
    const last = output ? `Its last output:\n${output}` : "It printed nothing.";
    return `the training process ${how} after step ${this.step}.${memory} ${next} ${last}`;
  }
}

/** The history with one more step; when it grows too long, every other step is dropped. */
function appendHistory(history: readonly TrainMetrics[], metrics: TrainMetrics): readonly TrainMetrics[] {
  const longer = [...history, metrics];
  return longer.length <= HISTORY ? longer : longer.filter((_, i) => i % 2 === 0 || i === longer.length - 1);
}

/**
 * Start training in a child process, so that neither its memory nor its long native calls disturb this one. Checkpoints
 * are the contract: whatever happens to either process, `resume: true` continues from the latest. The child ends when this
 * process does. Throws a ConfigError on impossible options.
 */
export function startTraining(
  options: TrainOptions,
  { validate, signal = interruptSignal() }: StartOptions = {},
): TrainingHandle {
  const { metric } = fillTrainOptions(options, { isValidated: validate !== undefined });
  checkMetric(metric, validate); // impossible options are refused before a process is started
  const child = fork(fileURLToPath(new URL("./child.js", import.meta.url)), [], {
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    execArgv: [],
    env: trainingEnvironment(),
  });
  const handle = new TrainingProcess(options, child, validate);
  const remove = onAbort(signal, () => void handle.stop());
  handle.done.then(remove, remove);
  return handle;
}
