import type { Message } from "../../wire/message.js";
import type { Leftovers, ToMain, ToProtocol } from "../threads/messages.js";
import { CellExecution } from "./cell-execution.js";
import { createCommRegistry } from "./comm-registry.js";
import { CommRelay } from "./comm-relay.js";
import type { History } from "./history.js";
import type { InputRelay } from "./input.js";
import type { Interrupter } from "./interrupter.js";
import type { Iopub } from "./iopub.js";
import { createJobParents, type JobParents } from "./job-parents.js";
import { createJobQueue, type Job, type JobQueue } from "./job-queue.js";
import { answerRequest, type RequestContext } from "./requests.js";
import { Responder } from "./responder.js";
import { SettleRequests } from "./settle-requests.js";
import type { KernelSockets, RequestChannel } from "./sockets.js";

/** What the protocol is made of. */
export interface KernelParts {
  readonly session: string;
  readonly sockets: KernelSockets;
  readonly iopub: Iopub;
  readonly history: History;
  readonly input: InputRelay;
  readonly interrupter: Interrupter;
  readonly requests: Omit<RequestContext, "comms" | "history">;
  post(message: ToMain): void;
  /** Called after the reply to shutdown_request. */
  shutdown(): void;
}

/** The protocol of a kernel: messages of clients in, messages of the main thread in; owns their order. */
export class KernelProtocol {
  readonly #parts: KernelParts;
  readonly #context: RequestContext;
  readonly #parents: JobParents = createJobParents();
  readonly #queue: JobQueue = createJobQueue((job) => this.#start(job));
  readonly #responder: Responder;
  readonly #cells: CellExecution;
  readonly #comms: CommRelay;
  readonly #settleRequests: SettleRequests;

  constructor(parts: KernelParts) {
    const { iopub, history, post } = parts;
    const [queue, parents] = [this.#queue, this.#parents];
    const comms = createCommRegistry();
    const runningCell = () => (queue.running?.isCell ? queue.running.message : undefined);
    const responder = new Responder({ session: parts.session, sockets: parts.sockets, iopub, runningCell });
    this.#parts = parts;
    this.#context = { ...parts.requests, comms, history };
    this.#responder = responder;
    this.#cells = new CellExecution({ iopub, history, parents, responder, post });
    this.#comms = new CommRelay({ comms, queue, parents, responder, iopub, post });
    this.#settleRequests = new SettleRequests(post);
  }

  /** Interrupts a waiting question, else what runs. */
  interrupt(): void {
    if (this.#parts.input.cancel()) return;
    this.#queue.hold(this.#parts.interrupter.interrupt());
  }

  /** A message of a client. */
  onMessage(channel: RequestChannel, message: Message): void {
    const type = message.header.msg_type;
    if (channel === "stdin") this.#parts.input.reply(message);
    else if (type === "execute_request") this.#queue.add(message, true);
    else if (type.startsWith("comm_") && type !== "comm_info_request") this.#comms.receive(message);
    else if (type === "shutdown_request") this.#shutDown(channel, message);
    else if (type === "interrupt_request") {
      this.interrupt();
      this.#responder.inTurn(channel, message, async () => ({ status: "ok" }));
    } else if (type === "ictal_settle_request") this.#responder.inTurn(channel, message, () => this.#settle(message));
    else this.#responder.inTurn(channel, message, () => answerRequest(this.#context, message));
  }

  /** A message of the main thread. */
  onMain(message: ToProtocol): void {
    switch (message.type) {
      case "stream":
        this.#publishStream(message);
        break;
      case "publish":
        this.#publish(message);
        break;
      case "comm":
        this.#comms.publish(message.job, message.message);
        break;
      case "input":
        this.#parts.iopub.flush();
        this.#parts.input.ask(message.prompt, message.password, this.#parents.get(message.job));
        break;
      case "done":
        this.#endCell(message);
        break;
      case "comm-done":
        this.#comms.end(message.job);
        break;
      case "settled":
        this.#settleRequests.resolve(message.number, message.leftovers);
        break;
      case "acknowledged":
        this.#parts.interrupter.acknowledge(message.number, message.phase);
        break;
      case "leaving":
      case "signal":
      case "language":
        break; // the thread's own affairs
    }
  }

  #start(job: Job): void {
    this.#responder.setState("busy", job.message);
    if (job.isCell) this.#cells.start(job);
    else this.#comms.start(job);
  }

  #endCell({ job, outcome }: Extract<ToProtocol, { type: "done" }>): void {
    const { running } = this.#queue;
    if (running?.number !== job) return;
    const abortsOthers = this.#cells.end(running, outcome);
    if (abortsOthers) for (const { message } of this.#queue.takeCells()) this.#cells.abort(message);
    this.#queue.finish();
  }

  #publishStream({ job, name, text }: Extract<ToProtocol, { type: "stream" }>): void {
    if (!this.#parents.isSilent(job)) this.#parts.iopub.stream(name, text, this.#parents.get(job)?.header);
  }

  #publish(message: Extract<ToProtocol, { type: "publish" }>): void {
    if (this.#parents.isSilent(message.job)) return;
    if (message.messageType === "execute_result") this.#cells.noteResult(message.content);
    const parent = this.#parents.get(message.job)?.header;
    this.#parts.iopub.publishEncoded(message.messageType, message, parent, message.metadata);
  }

  /** Waits for what cells have left behind; late errors are on iopub before the state becomes idle. */
  async #settle(request: Message): Promise<object> {
    const { pending, exitCode, exitCodeCell }: Leftovers = await this.#settleRequests.ask(request);
    this.#parts.iopub.flush();
    return { status: "ok", pending, exit_code: exitCode ?? null, exit_code_cell: exitCodeCell ?? null };
  }

  #shutDown(channel: RequestChannel, request: Message): void {
    this.#responder.inTurn(channel, request, async () => {
      await this.#parts.history.settled();
      return { status: "ok", restart: request.content.restart === true };
    });
    this.#responder.afterTurns(channel, () => this.#parts.shutdown());
  }
}
