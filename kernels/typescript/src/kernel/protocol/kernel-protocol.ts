import { createMessage, type Message, type MessageContents, type MessageType } from "../../wire/message.js";
import { createCommRegistry, toCommMessage } from "./comm-registry.js";
import type { History } from "./history.js";
import type { InputRelay } from "./input.js";
import type { Interrupter } from "./interrupter.js";
import type { Iopub } from "./iopub.js";
import { createJobParents } from "./job-parents.js";
import { createJobQueue, type Job } from "./job-queue.js";
import { answerRequest, type RequestContext } from "./requests.js";
import type { KernelSockets, RequestChannel } from "./sockets.js";
import type { CellOutcome, CommMessage, Leftovers, ToMain, ToProtocol } from "../threads/messages.js";

/** Cells that leave no history are numbered from here, so that no two share the name `cell-N.ts`. */
const HIDDEN_CELLS = 1_000_000;
const LONGEST_GRACE_MILLISECONDS = 60_000;

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

/** The protocol of a kernel: messages of clients in, messages of the main thread in. */
export interface KernelProtocol {
  onMessage(channel: RequestChannel, message: Message): void;
  onMain(message: ToProtocol): void;
  interrupt(): void;
}

type ExecuteContent = MessageContents["execute_request"];

interface RunningCell {
  readonly content: ExecuteContent;
  readonly storesHistory: boolean;
  /** Text of the result, for the history. */
  output?: string;
}

/** Joins the parts; owns the order of messages, the execution count and the fate of queued cells. */
export function createKernelProtocol(parts: KernelParts): KernelProtocol {
  const { iopub, sockets, session, post } = parts;
  const comms = createCommRegistry();
  const context: RequestContext = { ...parts.requests, comms, history: parts.history };
  const parents = createJobParents();
  const queue = createJobQueue(startJob);
  const turns = new Map<RequestChannel, Promise<void>>();
  let executionCount = 0;
  let hiddenCells = HIDDEN_CELLS;
  let cell: RunningCell | undefined;

  const reply = (channel: RequestChannel, request: Message, type: string, content: object) => {
    const options = { session, username: "kernel", parent: request };
    sockets.send(channel, createMessage(type as MessageType, content as never, options)); // a reply's content is made beside its type
  };
  const setState = (state: "busy" | "idle", request: Message) =>
    iopub.publish("status", { execution_state: state }, request.header);

  function startJob(job: Job): void {
    setState("busy", job.message);
    if (job.isCell) startCell(job);
    else {
      parents.set(job.number, job.message, false);
      startComm(job);
    }
  }

  function startComm(job: Job): void {
    const message = toCommMessage(job.message)!; // queued only when it is one
    comms.note(message.messageType, message.id, message.target);
    post({ type: "comm", job: job.number, message });
  }

  function startCell(job: Job): void {
    const content = job.message.content as ExecuteContent & Record<string, unknown>; // defaults below
    const silent = content.silent === true;
    const storesHistory = !silent && content.store_history !== false;
    if (storesHistory) executionCount += 1;
    else hiddenCells += 1;
    const code = String(content.code ?? "");
    cell = { content, storesHistory };
    parents.set(job.number, job.message, silent);
    if (!silent) iopub.publish("execute_input", { code, execution_count: executionCount }, job.message.header);
    post({
      type: "execute",
      order: {
        job: job.number,
        cell: storesHistory ? executionCount : hiddenCells,
        code,
        silent,
        allowStdin: content.allow_stdin === true,
        userExpressions: content.user_expressions ?? {},
      },
    });
  }

  function endCell(job: Job, outcome: CellOutcome): void {
    const { content, storesHistory, output } = cell!; // set by startCell
    cell = undefined;
    const request = job.message;
    iopub.flush();
    if (outcome.status === "error" && content.silent !== true) iopub.publish("error", outcome.error, request.header);
    if (storesHistory) parts.history.add(executionCount, String(content.code ?? ""), output);
    const result =
      outcome.status === "ok"
        ? { status: "ok", user_expressions: outcome.userExpressions }
        : { status: "error", ...outcome.error, user_expressions: {} };
    reply("shell", request, "execute_reply", { ...result, execution_count: executionCount, payload: [] });
    setState("idle", request);
    const stops = outcome.status === "error" && content.stop_on_error !== false;
    if (stops) for (const waiting of queue.takeCells()) abort(waiting);
    queue.finish();
  }

  function abort({ message }: Job): void {
    setState("busy", message);
    const content = { status: "aborted" }; // a count would number a cell that did not run
    reply("shell", message, "execute_reply", content);
    setState("idle", message);
  }

  /** Answers in the order of the requests of a channel, beside whatever cell runs. */
  function inTurn(channel: RequestChannel, request: Message, work: () => Promise<object | undefined>): void {
    const turn = async () => {
      setState("busy", request);
      const content = await work();
      if (content) reply(channel, request, request.header.msg_type.replace(/_request$/, "_reply"), content);
      setState("idle", request);
      // Front ends take the last state they hear for the kernel's: while a cell runs it is busy.
      const isEnding = request.header.msg_type === "interrupt_request";
      if (queue.running?.isCell && !isEnding) setState("busy", queue.running.message);
    };
    turns.set(channel, (turns.get(channel) ?? Promise.resolve()).then(turn));
  }

  function interrupt(): void {
    if (parts.input.cancel()) return;
    queue.hold(parts.interrupter.interrupt());
  }

  function onComm(message: Message): void {
    const comm = toCommMessage(message);
    if (!comm) return;
    const isLive = comm.messageType !== "comm_open" && comms.has(comm.id);
    if (queue.running?.isCell && isLive) deliverNow(message, comm);
    else queue.add(message, false);
  }

  const settlers = new Map<number, (leftovers: Leftovers) => void>();
  let settleCount = 0;
  /** Waits for what cells have left behind; late errors are on iopub before the state becomes idle. */
  function settle(request: Message): Promise<object> {
    settleCount += 1;
    const number = settleCount;
    const grace = request.content.grace_milliseconds;
    const graceMilliseconds = typeof grace === "number" ? Math.min(Math.max(grace, 0), LONGEST_GRACE_MILLISECONDS) : 0;
    return new Promise((resolve) => {
      settlers.set(number, ({ pending, exitCode, exitCodeCell }) => {
        settlers.delete(number);
        iopub.flush();
        resolve({ status: "ok", pending, exit_code: exitCode ?? null, exit_code_cell: exitCodeCell ?? null });
      });
      post({ type: "settle", number, graceMilliseconds });
    });
  }

  let directJobs = 0;
  /** A widget talks to the cell that runs. */
  function deliverNow(message: Message, comm: CommMessage): void {
    directJobs -= 1; // negative: outside the queue
    parents.set(directJobs, message, false);
    setState("busy", message);
    comms.note(comm.messageType, comm.id);
    post({ type: "comm", job: directJobs, message: comm });
  }

  function endComm(number: number): void {
    const message = parents.get(number);
    iopub.flush();
    if (message) setState("idle", message);
    if (number > 0) queue.finish();
    else if (queue.running?.isCell) setState("busy", queue.running.message);
  }

  function shutDown(channel: RequestChannel, request: Message): void {
    inTurn(channel, request, async () => {
      await parts.history.settled();
      return { status: "ok", restart: request.content.restart === true };
    });
    void turns.get(channel)!.then(parts.shutdown);
  }

  function publish(message: Extract<ToProtocol, { type: "publish" }>): void {
    if (parents.isSilent(message.job)) return;
    if (message.messageType === "execute_result" && cell?.storesHistory) cell.output = resultText(message.content);
    iopub.publishEncoded(message.messageType, message, parents.get(message.job)?.header, message.metadata);
  }

  return {
    interrupt,
    onMessage(channel, message) {
      const type = message.header.msg_type;
      if (channel === "stdin") parts.input.reply(message);
      else if (type === "execute_request") queue.add(message, true);
      else if (type.startsWith("comm_") && type !== "comm_info_request") onComm(message);
      else if (type === "shutdown_request") shutDown(channel, message);
      else if (type === "interrupt_request") {
        interrupt();
        inTurn(channel, message, async () => ({ status: "ok" }));
      } else if (type === "ictal_settle_request") inTurn(channel, message, () => settle(message));
      else inTurn(channel, message, () => answerRequest(context, message));
    },
    onMain(message) {
      switch (message.type) {
        case "stream":
          if (!parents.isSilent(message.job)) {
            iopub.stream(message.name, message.text, parents.get(message.job)?.header);
          }
          break;
        case "publish":
          publish(message);
          break;
        case "comm": {
          const { messageType, id, target, data, metadata, buffers } = message.message;
          comms.note(messageType, id, target);
          const parent = parents.get(message.job)?.header;
          iopub.publishEncoded(messageType, { content: data as Uint8Array, buffers }, parent, metadata); // JSON text on the way out
          break;
        }
        case "input":
          iopub.flush();
          parts.input.ask(message.prompt, message.password, parents.get(message.job));
          break;
        case "done":
          if (queue.running?.number === message.job) endCell(queue.running, message.outcome);
          break;
        case "comm-done":
          endComm(message.job);
          break;
        case "settled":
          settlers.get(message.number)?.(message.leftovers);
          break;
        case "acknowledged":
          parts.interrupter.acknowledge(message.number, message.phase);
          break;
        case "leaving":
        case "signal":
        case "language":
          break; // the thread's own affairs
      }
    },
  };
}

function resultText(content: Uint8Array): string | undefined {
  const { data } = JSON.parse(Buffer.from(content).toString()) as { data: Record<string, unknown> }; // encoded by the main thread
  const shown = data["text/plain"];
  return typeof shown === "string" ? shown : undefined;
}
