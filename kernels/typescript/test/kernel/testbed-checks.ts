// The 27 checks that runtimed/kernel-testbed names, asked through our own wire client. A check throws what it found wrong.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Request } from "zeromq";
import { addressOf } from "../../src/wire/connection.js";
import { isMessage, type MessageContents, type MessageType } from "../../src/wire/message.js";
import { patience } from "../patience.js";
import { contentOf, streamText, type TestKernel, typesOf } from "./start-kernel.js";

const SOON_MILLISECONDS = 3000;
const WELCOME_MILLISECONDS = 100;
const END_MILLISECONDS = 1000;

/** What a kernel's language says for the things that the checks do. */
export interface Snippets {
  readonly stdout: string;
  readonly stderr: string;
  readonly assignment: string;
  readonly incomplete: string;
  readonly syntaxError: string;
  readonly expression: string;
  readonly richExpression: string;
  readonly display: string;
  readonly update: string;
  readonly input: string;
  /** Declares `name`, of which `prefix` is a beginning of a member. */
  readonly setup: string;
  readonly prefix: string;
  readonly name: string;
}

const RICH = '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>rich</b>", "text/plain": "rich" }) })';

/** For a kernel whose cells import display functions from `module`. */
export const typeScript = (module: string): Snippets => ({
  stdout: 'console.log("hello")',
  stderr: 'console.error("error")',
  assignment: "const testbedValue = 1",
  incomplete: "function f() {",
  syntaxError: "const = ;",
  expression: "1 + 1",
  richExpression: RICH,
  display: `import { display } from "${module}";\ndisplay(${RICH})`,
  update: `import { liveDisplay } from "${module}";\nconst shown = liveDisplay("one"); shown.update("two")`,
  input: 'console.log(prompt("name?"))',
  setup: 'const testbedText = "text"',
  prefix: "testbedText.toUpper",
  name: "testbedText",
});

export const PYTHON: Snippets = {
  stdout: 'print("hello")',
  stderr: 'import sys; print("error", file=sys.stderr)',
  assignment: "testbed_value = 1",
  incomplete: "def f():",
  syntaxError: "def = ;",
  expression: "1 + 1",
  richExpression: 'from IPython.display import HTML; HTML("<b>rich</b>")',
  display: 'display({"text/html": "<b>rich</b>"}, raw=True)',
  update: 'shown = display("one", display_id=True); shown.update("two")',
  input: 'print(input("name?"))',
  setup: 'testbed_text = "text"',
  prefix: "testbed_text.uppe",
  name: "testbed_text",
};

export type Check = (kernel: TestKernel, code: Snippets) => Promise<unknown>;

/** The content of a reply, which must come soon and be of the type. */
async function reply<T extends MessageType>(kernel: TestKernel, id: string, type: T): Promise<MessageContents[T]> {
  const message = await kernel.waitFor(
    ({ parentHeader, header }) => parentHeader?.msg_id === id && header.msg_type === type,
    type,
    patience(SOON_MILLISECONDS),
  );
  return message.content as MessageContents[T]; // its type is the one that was waited for
}

async function replyOk<T extends "history_reply" | "comm_info_reply" | "complete_reply" | "inspect_reply">(
  kernel: TestKernel,
  id: string,
  type: T,
): Promise<Exclude<MessageContents[T], { status: "error" }>> {
  const content = await reply(kernel, id, type);
  assert.equal(content.status, "ok");
  return content as Exclude<MessageContents[T], { status: "error" }>; // asserted above
}

async function kernelInfo(kernel: TestKernel): Promise<MessageContents["kernel_info_reply"]> {
  return reply(kernel, kernel.client.send("shell", "kernel_info_request", {}), "kernel_info_reply");
}

const endOf = (text: string) => [...text].length; // a cursor counts code points

async function heartbeat(kernel: TestKernel): Promise<void> {
  const socket = new Request({ linger: 0, receiveTimeout: patience(SOON_MILLISECONDS) });
  try {
    socket.connect(addressOf(kernel.connection, "hb"));
    await socket.send("ping");
    const [echo] = await socket.receive();
    assert.equal(String(echo), "ping");
  } finally {
    socket.close();
  }
}

async function stdin(kernel: TestKernel, code: Snippets): Promise<void> {
  const id = kernel.send(code.input, { allow_stdin: true });
  const request = await kernel.waitFor(
    (message, channel) => channel === "stdin" && isMessage(message, "input_request"),
    "input_request",
    patience(SOON_MILLISECONDS),
  );
  assert.match((request.content as MessageContents["input_request"]).prompt, /name\?/);
  kernel.client.send("stdin", "input_reply", { value: "typed 42", status: "ok" }, request);
  const answer = await kernel.answer(id);
  assert.equal(answer.reply.content.status, "ok");
  assert.match(streamText(answer), /typed 42/);
}

async function comms(kernel: TestKernel, code: Snippets): Promise<void> {
  const id = randomUUID();
  const sent = kernel.client.send("shell", "comm_open", { comm_id: id, target_name: "testbed.nobody", data: {} });
  await kernel.waitFor(
    (message) => isMessage(message, "comm_close") && message.content.comm_id === id,
    `comm_close for an unknown target (request ${sent})`,
    patience(SOON_MILLISECONDS),
  );
  kernel.client.send("shell", "comm_close", { comm_id: id, data: {} });
  assert.equal((await kernel.execute(code.assignment.replace("1", "2"))).reply.content.status, "ok");
}

async function updates(kernel: TestKernel, code: Snippets): Promise<void> {
  const answer = await kernel.execute(code.update);
  const shown = contentOf(answer, "display_data");
  const updated = contentOf(answer, "update_display_data");
  assert.ok(shown?.transient?.display_id, `no display_data with an id among ${typesOf(answer)}`);
  assert.equal(updated?.transient?.display_id, shown.transient.display_id);
}

async function shutdown(kernel: TestKernel): Promise<void> {
  const ended = once(kernel.child, "exit");
  const id = kernel.client.send("control", "shutdown_request", { restart: false });
  assert.deepEqual(await reply(kernel, id, "shutdown_reply"), { status: "ok", restart: false });
  const gone = await Promise.race([ended, sleep(patience(END_MILLISECONDS), undefined, { ref: false })]);
  assert.ok(gone, "the process is still there a second after its shutdown_reply");
}

/** Every check by its name in the testbed; the order matters only in that shutdown is the last. */
export const CHECKS: Readonly<Record<string, Check>> = {
  heartbeat_responds: heartbeat,
  iopub_welcome: (kernel) =>
    kernel.waitFor((message) => isMessage(message, "iopub_welcome"), "iopub_welcome", patience(WELCOME_MILLISECONDS)),
  kernel_info_reply_valid: async (kernel) => assert.equal((await kernelInfo(kernel)).status, "ok"),
  kernel_info_has_language_info: async (kernel) => assert.ok((await kernelInfo(kernel)).language_info.name),
  kernel_info_has_protocol_version: async (kernel) => assert.match((await kernelInfo(kernel)).protocol_version, /^5\./),
  execute_stdout: async (kernel, code) => assert.match(streamText(await kernel.execute(code.stdout)), /hello/),
  execute_stderr: async (kernel, code) =>
    assert.match(streamText(await kernel.execute(code.stderr), "stderr"), /error/),
  execute_reply_ok: async (kernel, code) =>
    assert.equal((await kernel.execute(code.assignment)).reply.content.status, "ok"),
  status_busy_idle_lifecycle: async (kernel, code) => {
    const types = typesOf(await kernel.execute(code.assignment));
    assert.deepEqual([types[0], types.at(-1)], ["busy", "idle"]);
  },
  execute_input_broadcast: async (kernel, code) =>
    assert.equal(contentOf(await kernel.execute(code.assignment), "execute_input")?.code, code.assignment),
  complete_request: async (kernel, code) => {
    await kernel.execute(code.setup);
    const content = { code: code.prefix, cursor_pos: endOf(code.prefix) };
    const found = await replyOk(kernel, kernel.client.send("shell", "complete_request", content), "complete_reply");
    assert.ok(found.matches.length > 0, "no matches");
  },
  inspect_request: async (kernel, code) => {
    await kernel.execute(code.setup);
    const content = { code: code.name, cursor_pos: endOf(code.name), detail_level: 0 as const };
    const found = await replyOk(kernel, kernel.client.send("shell", "inspect_request", content), "inspect_reply");
    assert.equal(found.found, true);
  },
  is_complete_complete: async (kernel, code) => {
    const id = kernel.client.send("shell", "is_complete_request", { code: code.assignment });
    assert.equal((await reply(kernel, id, "is_complete_reply")).status, "complete");
  },
  is_complete_incomplete: async (kernel, code) => {
    const id = kernel.client.send("shell", "is_complete_request", { code: code.incomplete });
    assert.equal((await reply(kernel, id, "is_complete_reply")).status, "incomplete");
  },
  history_request: async (kernel, code) => {
    await kernel.execute(code.assignment);
    const content = { hist_access_type: "tail", output: false, raw: true, n: 10 } as const;
    const { history } = await replyOk(kernel, kernel.client.send("shell", "history_request", content), "history_reply");
    assert.equal(history.at(-1)?.[2], code.assignment);
  },
  comm_info_request: async (kernel) => {
    const { comms } = await replyOk(kernel, kernel.client.send("shell", "comm_info_request", {}), "comm_info_reply");
    assert.equal(typeof comms, "object");
  },
  error_handling: async (kernel, code) => {
    const answer = await kernel.execute(code.syntaxError);
    const shown = contentOf(answer, "error");
    assert.equal(answer.reply.content.status, "error");
    assert.ok(shown, `no error message among ${typesOf(answer)}`);
    for (const field of ["ename", "evalue", "traceback"] as const)
      assert.deepEqual(answer.reply.content[field], shown[field]);
  },
  display_data: async (kernel, code) =>
    assert.ok(contentOf(await kernel.execute(code.display), "display_data")?.data["text/html"]),
  update_display_data: updates,
  execute_result: async (kernel, code) =>
    assert.equal(contentOf(await kernel.execute(code.expression), "execute_result")?.data["text/plain"], "2"),
  rich_execute_result: async (kernel, code) =>
    assert.equal(
      contentOf(await kernel.execute(code.richExpression), "execute_result")?.data["text/html"],
      "<b>rich</b>",
    ),
  stdin_input_request: stdin,
  comms_lifecycle: comms,
  interrupt_request: async (kernel) => {
    const id = kernel.client.send("control", "interrupt_request", {});
    assert.equal((await reply(kernel, id, "interrupt_reply")).status, "ok");
  },
  execution_count_increments: async (kernel, code) => {
    const counts = [];
    for (const text of [code.assignment, code.assignment])
      counts.push(Number((await kernel.execute(text)).reply.content.execution_count));
    assert.equal(counts[1]! - counts[0]!, 1);
  },
  parent_header_correlation: async (kernel, code) => {
    const { reply: message, iopub } = await kernel.execute(code.stdout);
    assert.ok(message.parentHeader && iopub.length >= 3 && iopub.every(({ parentHeader }) => parentHeader));
  },
  shutdown_reply: shutdown,
};
