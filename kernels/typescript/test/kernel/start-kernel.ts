import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findKernelspec } from "../../src/kernelspec.js";
import { connectClient, type KernelClient } from "../../src/wire/client.js";
import { type ConnectionInfo, createConnection, writeConnectionFile } from "../../src/wire/connection.js";
import { isMessage, type Message, type MessageContents, type MessageType } from "../../src/wire/message.js";
import { HANGS_MILLISECONDS } from "../patience.js";

export const PATIENCE_MILLISECONDS = HANGS_MILLISECONDS;

type Channel = "shell" | "control" | "stdin" | "iopub";

/** What a kernel said to one request. */
export interface Answer {
  readonly reply: Message;
  /** iopub messages under the request, in order, states included. */
  readonly iopub: readonly Message[];
}

/** A kernel process with a client that keeps every message. */
export interface TestKernel {
  readonly child: ChildProcess;
  readonly client: KernelClient;
  readonly connection: ConnectionInfo;
  readonly folder: string;
  /** Milliseconds from the start of the process to its kernel_info_reply. */
  readonly readyMilliseconds: number;
  readonly messages: readonly { readonly channel: Channel; readonly message: Message }[];
  stderr(): string;
  /** The first message, past or future, that passes. */
  waitFor(
    accept: (message: Message, channel: Channel) => boolean,
    what?: string,
    milliseconds?: number,
  ): Promise<Message>;
  /** The reply and everything up to idle. */
  answer(id: string, milliseconds?: number): Promise<Answer>;
  request<T extends MessageType>(type: T, content: MessageContents[T], channel?: "shell" | "control"): Promise<Answer>;
  send(code: string, options?: Partial<MessageContents["execute_request"]>): string;
  execute(code: string, options?: Partial<MessageContents["execute_request"]>): Promise<Answer>;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly name?: string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly transport?: "tcp" | "ipc";
}

/** Starts a kernel in a folder of its own and waits until it is ready. */
export async function startKernel(options: StartOptions = {}): Promise<TestKernel> {
  const spec = await findKernelspec(options.name ?? "ictal");
  const folder = await mkdtemp(join(tmpdir(), "ictal-test-kernel-"));
  const tcp = await createConnection();
  const connection: ConnectionInfo =
    options.transport === "ipc"
      ? {
          ...tcp,
          transport: "ipc",
          ip: join(folder, "socket"),
          shell_port: 1,
          iopub_port: 2,
          stdin_port: 3,
          control_port: 4,
          hb_port: 5,
        }
      : tcp;
  const file = join(folder, "connection.json");
  await writeConnectionFile(file, connection);
  const [command, ...words] = spec.argv.map((word) => word.replace("{connection_file}", file));
  const started = performance.now();
  const child = spawn(command!, words, {
    cwd: options.cwd ?? folder,
    env: {
      ...process.env,
      ...spec.env,
      ICTAL_HISTORY: join(folder, "history.jsonl"),
      JPY_PARENT_PID: "",
      ...options.env,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const client = connectClient(connection);
  const messages: { channel: Channel; message: Message }[] = [];
  client.listen((channel, message) => messages.push({ channel, message }));

  function waitFor(
    accept: (message: Message, channel: Channel) => boolean,
    what = "a message",
    milliseconds = PATIENCE_MILLISECONDS,
  ) {
    const past = messages.find(({ channel, message }) => accept(message, channel));
    if (past) return Promise.resolve(past.message);
    return new Promise<Message>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        remove();
        child.off("exit", onExit);
      };
      const onExit = () => {
        end();
        reject(new Error(`the kernel ended while the test waited for ${what}: ${stderr}`));
      };
      const timer = setTimeout(() => {
        end();
        const seen = messages.slice(-10).map(({ channel, message }) => `${channel}:${message.header.msg_type}`);
        reject(new Error(`${what} did not come within ${milliseconds} ms; last: ${seen.join(" ")}; stderr: ${stderr}`));
      }, milliseconds);
      const remove = client.listen((channel, message) => {
        if (!accept(message, channel)) return;
        end();
        resolve(message);
      });
      child.once("exit", onExit);
    });
  }

  const isOf = (message: Message, id: string) => message.parentHeader?.msg_id === id;
  const isIdle = (message: Message) => isMessage(message, "status") && message.content.execution_state === "idle";

  async function answer(id: string, milliseconds?: number): Promise<Answer> {
    const reply = await waitFor(
      (message, channel) => isOf(message, id) && (channel === "shell" || channel === "control"),
      "the reply",
      milliseconds,
    );
    await waitFor((message, channel) => channel === "iopub" && isOf(message, id) && isIdle(message), "idle");
    const iopub = messages.filter(({ channel, message }) => channel === "iopub" && isOf(message, id));
    return { reply, iopub: iopub.map(({ message }) => message) };
  }

  const send: TestKernel["send"] = (code, overrides = {}) =>
    client.send("shell", "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...overrides,
    });

  const kernel: TestKernel = {
    child,
    client,
    connection,
    folder,
    messages,
    readyMilliseconds: 0,
    stderr: () => stderr,
    waitFor,
    answer,
    request: (type, content, channel = "shell") => answer(client.send(channel, type, content)),
    send,
    execute: (code, overrides) => answer(send(code, overrides)),
    async stop() {
      client.close();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  client.send("shell", "kernel_info_request", {});
  try {
    await waitFor((message) => message.header.msg_type === "kernel_info_reply", "kernel_info_reply");
  } catch (error) {
    await kernel.stop();
    throw error;
  }
  const readyMilliseconds = performance.now() - started;
  // A subscription takes a moment to reach the kernel: iopub works from the welcome on, or from the first message.
  await Promise.race([waitFor((_, channel) => channel === "iopub", "iopub").catch(() => {}), sleep(2000)]);
  return { ...kernel, readyMilliseconds };
}

/** Text of a stream in an answer. */
export function streamText(answer: Answer, name: "stdout" | "stderr" = "stdout"): string {
  return answer.iopub
    .flatMap((message) => (isMessage(message, "stream") && message.content.name === name ? [message.content.text] : []))
    .join("");
}

/** Content of the first iopub message of a type. */
export function contentOf<T extends MessageType>(answer: Answer, type: T): MessageContents[T] | undefined {
  for (const message of answer.iopub) if (isMessage(message, type)) return message.content as MessageContents[T]; // isMessage says so
  return undefined;
}

/** Types of the iopub messages in order, states by their name. */
export function typesOf(answer: Answer): string[] {
  return answer.iopub.map((message) =>
    isMessage(message, "status") ? message.content.execution_state : message.header.msg_type,
  );
}
