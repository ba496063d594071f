import type { Message, MessageContents } from "../../wire/message.js";
import type { CellOutcome, ToMain } from "../threads/messages.js";
import type { History } from "./history.js";
import type { Iopub } from "./iopub.js";
import type { JobParents } from "./job-parents.js";
import type { Job } from "./job-queue.js";
import type { Responder } from "./responder.js";

/** Cells that leave no history are numbered from here, so that no two share the name `cell-N.ts`. */
const HIDDEN_CELLS = 1_000_000;

type ExecuteContent = Partial<MessageContents["execute_request"]>;

interface RunningCell {
  readonly content: ExecuteContent;
  readonly storesHistory: boolean;
  /** Text of the result, for the history. */
  output?: string | undefined;
}

export interface CellExecutionParts {
  readonly iopub: Iopub;
  readonly history: History;
  readonly parents: JobParents;
  readonly responder: Responder;
  post(message: ToMain): void;
}

/** Starts and ends cells for clients; owns the execution count. */
export class CellExecution {
  readonly #parts: CellExecutionParts;
  #executionCount = 0;
  #hiddenCells = HIDDEN_CELLS;
  #cell: RunningCell | undefined;

  constructor(parts: CellExecutionParts) {
    this.#parts = parts;
  }

  start({ number, message }: Job): void {
    const content = message.content as ExecuteContent; // a client's: every member has a default below
    const silent = content.silent === true;
    const storesHistory = !silent && content.store_history !== false;
    const cell = this.#nextNumber(storesHistory);
    const code = String(content.code ?? "");
    this.#cell = { content, storesHistory };
    this.#parts.parents.set(number, message, silent);
    if (!silent) {
      this.#parts.iopub.publish("execute_input", { code, execution_count: this.#executionCount }, message.header);
    }
    const allowStdin = content.allow_stdin === true;
    const userExpressions = content.user_expressions ?? {};
    this.#parts.post({ type: "execute", order: { job: number, cell, code, silent, allowStdin, userExpressions } });
  }

  /** Takes the text of the running cell's result, for the history. */
  noteResult(content: Uint8Array): void {
    if (this.#cell?.storesHistory) this.#cell.output = resultText(content);
  }

  /** Publishes the end of the running cell; returns whether cells that wait are to be aborted. */
  end({ message }: Job, outcome: CellOutcome): boolean {
    const { iopub, responder } = this.#parts;
    const cell = this.#cell;
    this.#cell = undefined;
    iopub.flush();
    if (outcome.status === "error" && cell?.content.silent !== true)
      iopub.publish("error", outcome.error, message.header);
    if (cell?.storesHistory)
      this.#parts.history.add(this.#executionCount, String(cell.content.code ?? ""), cell.output);
    const result =
      outcome.status === "ok"
        ? { status: "ok", user_expressions: outcome.userExpressions }
        : { status: "error", ...outcome.error, user_expressions: {} };
    const pages = outcome.status === "ok" ? outcome.pages : [];
    const payload = pages.map((data) => ({ source: "page", data, start: 0 }));
    const content = { ...result, execution_count: this.#executionCount, payload };
    responder.reply("shell", message, "execute_reply", content);
    responder.setState("idle", message);
    return outcome.status === "error" && cell?.content.stop_on_error !== false;
  }

  /** Answers a cell that does not run. */
  abort(message: Message): void {
    const { responder } = this.#parts;
    responder.setState("busy", message);
    responder.reply("shell", message, "execute_reply", { status: "aborted" }); // a count would number a cell that did not run
    responder.setState("idle", message);
  }

  #nextNumber(storesHistory: boolean): number {
    if (storesHistory) this.#executionCount += 1;
    else this.#hiddenCells += 1;
    return storesHistory ? this.#executionCount : this.#hiddenCells;
  }
}

function resultText(content: Uint8Array): string | undefined {
  const { data } = JSON.parse(Buffer.from(content).toString()) as { data: Record<string, unknown> }; // encoded by the main thread
  const shown = data["text/plain"];
  return typeof shown === "string" ? shown : undefined;
}
