import { setTimeout as sleep } from "node:timers/promises";
import { UnsupportedError } from "@ictal/base/errors";
import { onAbort } from "@ictal/base/on-abort";
import type { Kernelspec } from "../kernelspec.js";
import { connectClient, type KernelClient } from "../wire/client.js";
import { type ErrorContent, isMessage, type Message, type MessageContents, type MimeBundle } from "../wire/message.js";
import { type KernelExit, type KernelProcess, startKernelProcess } from "./kernel-process.js";
import { pagesOf } from "./pages.js";

/** The kernel process ended while it was needed: exit code 3. */
export class KernelDeadError extends Error {
  override readonly name = "KernelDeadError";
  constructor(
    readonly exit: KernelExit,
    readonly stderr: string,
  ) {
    const how = exit.signal
      ? `was ended by ${exit.signal}`
      : exit.code === null
        ? "could not be started"
        : `ended with code ${exit.code}`;
    super(`the kernel ${how}${stderr ? `; its last words:\n${stderr}` : " and left no message"}`);
  }
}

/** A cell, the notebook or the kernel's start took longer than allowed: exit code 4. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** A cell asked for input, which nobody can give in a headless run. */
export class InputRequestedError extends Error {
  override readonly name = "InputRequestedError";
  constructor(prompt: string) {
    super(`the cell asks for input (${JSON.stringify(prompt)}) and nobody is there to answer; make it a parameter`);
  }
}

/** What a kernel answered to one cell. */
export interface CellReply {
  readonly status: "ok" | "error" | "aborted";
  readonly executionCount: number | undefined;
  /** Texts for a front end's pager, e.g. help on a name. */
  readonly pages: readonly MimeBundle[];
  /** From the reply, when the kernel sends it there. */
  readonly error: ErrorContent | undefined;
  /** True when the end-of-cell message never came: messages before it may be missing too. */
  readonly outputLost: boolean;
  /** How many messages came during the cell that could not be read: a wrong signature or broken JSON. */
  readonly refused: number;
}

export interface CellRequest {
  readonly code: string;
  readonly stopOnError: boolean;
  /** Every iopub message that belongs to the cell, in order; also those that come after it has ended. */
  readonly onMessage: (message: Message) => void;
  /**
   * Aborting interrupts the cell, waits a few seconds for its last messages, and rejects the execution with the signal's
   * reason.
   */
  readonly signal?: AbortSignal | undefined;
}

/** A started kernel that runs cells one after the other. */
export interface KernelSession {
  readonly process: KernelProcess;
  readonly languageInfo: { name: string; [key: string]: unknown };
  execute(request: CellRequest): Promise<CellReply>;
  /**
   * Waits until nothing that cells began is left, for so long at most, and resolves with what is; whatever late errors there are
   * have then been handed on. Undefined for kernels that cannot report it.
   */
  settle(graceMilliseconds: number, signal?: AbortSignal): Promise<MessageContents["ictal_settle_reply"] | undefined>;
  /** Asks the kernel to end, then makes it. */
  shutdown(): Promise<void>;
}

/** How long the end-of-cell message may fail to come after the reply, counted from the cell's last message. */
const IDLE_GRACE_MILLISECONDS = 4000;
const SHUTDOWN_GRACE_MILLISECONDS = 2000;
/** How long an interrupted cell has to end by itself, e.g. to save a checkpoint. */
const INTERRUPT_GRACE_MILLISECONDS = 5000;
/** A kernel that has not reported what is left so long after the time for it never will. */
const SETTLE_PATIENCE_MILLISECONDS = 5000;
/** Clients wait for iopub this long after each kernel_info reply before asking again. */
const HANDSHAKE_MILLISECONDS = 100;

/** Asks for kernel_info until both the reply and a message on iopub came: then the subscription works. */
async function handshake(client: KernelClient, given: AbortSignal): Promise<MessageContents["kernel_info_reply"]> {
  let info: MessageContents["kernel_info_reply"] | undefined;
  let subscribed = false;
  let wake = () => {};
  const remove = client.listen((channel, message) => {
    if (channel === "iopub") subscribed = true;
    if (isMessage(message, "kernel_info_reply")) info = message.content;
    if (subscribed || info) wake();
  });
  try {
    client.send("shell", "kernel_info_request", {});
    for (;;) {
      if (info && subscribed) return info;
      given.throwIfAborted();
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([woken, sleep(HANDSHAKE_MILLISECONDS)]);
      if (info && !subscribed) client.send("shell", "kernel_info_request", {});
    }
  } finally {
    remove();
  }
}

function startCell(
  client: KernelClient,
  receivers: Map<string, CellRequest["onMessage"]>,
  request: CellRequest,
  interrupt: () => void,
): Promise<CellReply> {
  if (request.signal?.aborted) return Promise.reject(request.signal.reason);
  const refusedBefore = client.refused;
  return new Promise((resolve, reject) => {
    let reply: MessageContents["execute_reply"] | undefined;
    let timer: NodeJS.Timeout | undefined;
    const finish = (outputLost: boolean) => {
      end();
      if (request.signal?.aborted) return fail(request.signal.reason);
      const { ename, evalue, traceback, execution_count, payload } = reply!; // finish runs only after the reply
      const error = ename === undefined ? undefined : { ename, evalue: evalue ?? "", traceback: traceback ?? [] };
      const status = reply!.status === "abort" ? "aborted" : reply!.status;
      const refused = client.refused - refusedBefore;
      resolve({ status, executionCount: execution_count, pages: pagesOf(payload), error, outputLost, refused });
    };
    const awaitIdle = () => {
      clearTimeout(timer);
      timer = setTimeout(() => finish(true), IDLE_GRACE_MILLISECONDS);
    };
    let idle = false;
    const remove = client.listen((channel, message) => {
      if (message.parentHeader?.msg_id !== id) return;
      if (channel === "shell" && isMessage(message, "execute_reply")) reply = message.content;
      else if (channel === "stdin" && isMessage(message, "input_request")) {
        client.send("stdin", "input_reply", { status: "error", value: "" }, message);
        end();
        return fail(new InputRequestedError(message.content.prompt));
      } else if (channel === "iopub" && isMessage(message, "status"))
        idle ||= message.content.execution_state === "idle";
      if (reply && idle) finish(false);
      else if (reply) awaitIdle();
    });
    const abort = () => {
      interrupt();
      clearTimeout(timer);
      timer = setTimeout(() => {
        end();
        fail(request.signal!.reason);
      }, INTERRUPT_GRACE_MILLISECONDS);
    };
    const fail = (reason: unknown) => {
      receivers.delete(id);
      reject(reason);
    };
    const end = () => {
      clearTimeout(timer);
      remove();
      request.signal?.removeEventListener("abort", abort);
    };
    const id = client.send("shell", "execute_request", {
      code: request.code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: request.stopOnError,
    });
    receivers.set(id, request.onMessage);
    request.signal?.addEventListener("abort", abort);
  });
}

/** Asks the kernel for what cells have left behind; undefined when it does not answer in time. */
function settleKernel(client: KernelClient, graceMilliseconds: number, signal?: AbortSignal) {
  return new Promise<MessageContents["ictal_settle_reply"] | undefined>((resolve) => {
    let reply: MessageContents["ictal_settle_reply"] | undefined;
    let idle = false;
    const finish = () => {
      clearTimeout(timer);
      remove();
      signal?.removeEventListener("abort", finish);
      resolve(reply);
    };
    const timer = setTimeout(finish, graceMilliseconds + SETTLE_PATIENCE_MILLISECONDS);
    const remove = client.listen((_, message) => {
      if (message.parentHeader?.msg_id !== id) return;
      if (isMessage(message, "ictal_settle_reply")) reply = message.content;
      if (isMessage(message, "status")) idle ||= message.content.execution_state === "idle";
      if (reply && idle) finish();
    });
    const id = client.send("control", "ictal_settle_request", { grace_milliseconds: graceMilliseconds });
    if (signal?.aborted) finish();
    else signal?.addEventListener("abort", finish);
  });
}

/** Hands iopub messages of cells to those who run them, as long as the client lives. */
function dispatchOutput(client: KernelClient): Map<string, CellRequest["onMessage"]> {
  const receivers = new Map<string, CellRequest["onMessage"]>();
  client.listen((channel, message) => {
    if (channel === "iopub" && !isMessage(message, "status"))
      receivers.get(message.parentHeader?.msg_id ?? "")?.(message);
  });
  return receivers;
}

/** Rejects when the kernel process ends, after the last of its output and a moment for its stderr. */
async function death(kernel: KernelProcess, client: KernelClient): Promise<never> {
  const exit = await kernel.exited;
  await client.quiet(50);
  throw new KernelDeadError(exit, kernel.stderrTail());
}

interface SessionOptions {
  readonly cwd: string;
  readonly startTimeoutMilliseconds: number;
  readonly signal?: AbortSignal | undefined;
  readonly pace?: (() => Promise<void>) | undefined;
}

/** What kernels say (zeromq, Python, Node) of a port that another process took between its choice and the kernel's start. */
const PORT_TAKEN = /address already in use|EADDRINUSE/i;
const START_TRIES = 3;

/**
 * Starts `spec` in the folder `cwd` and waits until it answers; again on other ports when one of its ports was taken meanwhile.
 * Throws KernelDeadError when it ends first and TimeoutError after `startTimeoutMilliseconds`. Output comes no faster than `pace`
 * resolves, a large one in pieces.
 */
export async function startSession(spec: Kernelspec, options: SessionOptions): Promise<KernelSession> {
  for (let left = START_TRIES - 1; ; left--) {
    try {
      return await startOnce(spec, options);
    } catch (error) {
      if (left === 0 || !(error instanceof KernelDeadError && PORT_TAKEN.test(error.stderr))) throw error;
    }
  }
}

async function startOnce(spec: Kernelspec, options: SessionOptions): Promise<KernelSession> {
  if (spec.argv.length === 0) throw new UnsupportedError(`kernel ${spec.name} has no command`);
  const kernel = await startKernelProcess(spec, options.cwd);
  const client = connectClient(kernel.connection, options.pace);
  const receivers = dispatchOutput(client);
  const dead = death(kernel, client);
  dead.catch(() => {}); // reported by whoever waits at that moment
  const stop = async () => {
    client.close();
    await kernel.kill();
  };
  const interrupt = () => {
    if (spec.interruptMode === "message") client.send("control", "interrupt_request", {});
    else kernel.interrupt();
  };
  let timer: NodeJS.Timeout | undefined;
  let removeAbort = () => {};
  const late = new Promise<never>((_, reject) => {
    const seconds = options.startTimeoutMilliseconds / 1000;
    timer = setTimeout(
      () => reject(new TimeoutError(`kernel ${spec.name} did not answer within ${seconds} s`)),
      seconds * 1000,
    );
    removeAbort = onAbort(options.signal, () => reject(options.signal!.reason)); // one after the start is the running cell's to report
  });
  late.catch(() => {}); // it is raced below
  const givenUp = new AbortController();
  const answered = handshake(client, givenUp.signal);
  answered.catch(() => {}); // ends by abort when the kernel died or was late
  let info: MessageContents["kernel_info_reply"];
  try {
    info = await Promise.race([answered, dead, late]);
  } catch (error) {
    givenUp.abort();
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
    removeAbort();
  }
  return {
    process: kernel,
    languageInfo: info.language_info,
    execute: (request) => Promise.race([startCell(client, receivers, request, interrupt), dead]),
    settle: (graceMilliseconds, signal) =>
      info.ictal_settle === true
        ? Promise.race([settleKernel(client, graceMilliseconds, signal), dead])
        : Promise.resolve(undefined),
    async shutdown() {
      if (!kernel.exit) {
        client.send("control", "shutdown_request", { restart: false });
        await Promise.race([kernel.exited, sleep(SHUTDOWN_GRACE_MILLISECONDS, undefined, { ref: false })]);
      }
      await stop();
    },
  };
}
