import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Dealer, Request, Subscriber } from "zeromq";
import { createSender, receiveMessages } from "../../src/wire/channel.js";
import { connectClient } from "../../src/wire/client.js";
import { addressOf } from "../../src/wire/connection.js";
import { createMessage, isMessage, type Message } from "../../src/wire/message.js";
import { contentOf, startKernel, streamText, type TestKernel, typesOf } from "./start-kernel.js";

let kernel: TestKernel;
before(async () => {
  kernel = await startKernel();
});
after(() => kernel.stop());

test("kernel_info names protocol, language and features, on shell and on control", async () => {
  for (const channel of ["shell", "control"] as const) {
    const { reply, iopub } = await kernel.request("kernel_info_request", {}, channel);
    const info = reply.content as { status: string; protocol_version: string; language_info: Record<string, unknown> };
    assert.deepEqual([info.status, info.protocol_version, reply.content.supported_features], ["ok", "5.4", []]);
    assert.deepEqual([info.language_info.name, info.language_info.file_extension], ["typescript", ".ts"]);
    assert.equal(info.language_info.codemirror_mode, "typescript", "clients of runtimed read nothing else");
    assert.deepEqual(
      iopub.map(({ content }) => content.execution_state),
      ["busy", "idle"],
    );
  }
});

test("every subscription is welcomed under its topic", async () => {
  const subscriber = new Subscriber({ linger: 0 });
  subscriber.connect(addressOf(kernel.connection, "iopub"));
  subscriber.subscribe("");
  const welcome = await new Promise<Message>((resolve) => {
    void receiveMessages(subscriber, kernel.connection.key, resolve, () => assert.fail("a welcome was not signed"));
  });
  subscriber.close();
  assert.equal(welcome.header.msg_type, "iopub_welcome");
  assert.deepEqual([welcome.content, welcome.parentHeader], [{ subscription: "" }, undefined]);
});

test("a message with a wrong signature is dropped and logged, and the next one is answered", async () => {
  const socket = new Dealer({ linger: 0, routingId: "forger" });
  socket.connect(addressOf(kernel.connection, "shell"));
  let answered = 0;
  void receiveMessages(
    socket,
    kernel.connection.key,
    () => (answered += 1),
    () => {},
  );
  const request = createMessage(
    "execute_request",
    { ...EXECUTE, code: "globalThis.forged = 1" },
    { session: "forger" },
  );
  await createSender(socket, "not the key").send(request);
  await sleep(300);
  socket.close();
  assert.equal(answered, 0);
  assert.match(kernel.stderr(), /a message was dropped: .*signature/);
  const answer = await kernel.execute("'forged' in globalThis");
  assert.equal(contentOf(answer, "execute_result")?.data["text/plain"], "false");
});

const EXECUTE = {
  code: "",
  silent: false,
  store_history: true,
  user_expressions: {},
  allow_stdin: true,
  stop_on_error: true,
};

test("the heartbeat echoes while a cell computes", async () => {
  const id = kernel.send("const until = Date.now() + 1500; while (Date.now() < until);");
  const heart = new Request({ linger: 0, receiveTimeout: 5000 });
  heart.connect(addressOf(kernel.connection, "hb"));
  for (let i = 0; i < 5; i++) {
    await heart.send(`beat ${i}`);
    assert.equal(String((await heart.receive())[0]), `beat ${i}`);
  }
  heart.close();
  await kernel.answer(id);
});

test("prompt, confirm and password ask the client of the cell and wait as in a browser", async () => {
  const code =
    "const name = prompt('Name?', 'nobody'); const sure = confirm('Sure?'); const secret = password(); console.log(name, sure, secret)";
  const asked: unknown[] = [];
  const answers = ["", "yes", "s3cret"];
  const remove = kernel.client.listen((channel, message) => {
    if (channel !== "stdin" || !isMessage(message, "input_request")) return;
    asked.push([message.content.prompt, message.content.password]);
    kernel.client.send("stdin", "input_reply", { value: answers.shift()! }, message);
  });
  const answer = await kernel.execute(code, { allow_stdin: true });
  remove();
  assert.deepEqual(asked, [
    ["Name? [nobody] ", false],
    ["Sure? [y/N] ", false],
    ["Password: ", true],
  ]);
  assert.equal(streamText(answer), "nobody true s3cret\n");
});

test("a client without stdin gets a clear error, and a waiting prompt can be interrupted", async () => {
  const refused = await kernel.execute("prompt('x')", { allow_stdin: false });
  assert.match(String(refused.reply.content.evalue), /this client takes none/);
  const id = kernel.send("prompt('never answered')", { allow_stdin: true });
  await kernel.waitFor((message) => message.header.msg_type === "input_request" && message.parentHeader?.msg_id === id);
  await kernel.request("interrupt_request", {}, "control");
  assert.equal((await kernel.answer(id)).reply.content.ename, "Interrupted");
});

test("history answers tail, range and search with patterns, unique and output", async () => {
  for (const code of ["'alpha' + 1", "'beta' + 2", "'alpha' + 1", "'gamma?'"]) await kernel.execute(code);
  type Entry = [number, number, string | [string, string | null]];
  const history = async (request: object) => {
    const content = { output: false, raw: true, hist_access_type: "tail" as const, ...request };
    const { reply } = await kernel.request("history_request", content);
    assert.equal(reply.content.status, "ok");
    return reply.content.history as Entry[];
  };
  const sources = (entries: Entry[]) => entries.map(([, , text]) => text);
  const tail = await history({ n: 3 });
  assert.deepEqual(sources(tail), ["'beta' + 2", "'alpha' + 1", "'gamma?'"]);
  const line = tail[0]![1];
  assert.deepEqual(sources(await history({ hist_access_type: "range", session: 0, start: line, stop: line + 2 })), [
    "'beta' + 2",
    "'alpha' + 1",
  ]);
  assert.deepEqual(sources(await history({ hist_access_type: "search", pattern: "*alpha*" })), [
    "'alpha' + 1",
    "'alpha' + 1",
  ]);
  assert.deepEqual(sources(await history({ hist_access_type: "search", pattern: "*alpha*", unique: true })), [
    "'alpha' + 1",
  ]);
  assert.deepEqual(sources(await history({ hist_access_type: "search", pattern: "'[ag]????*'", n: 1 })), ["'gamma?'"]);
  assert.deepEqual(await history({ hist_access_type: "range", session: -1, start: 0 }), []);
  const [withOutput] = await history({ n: 1, output: true });
  assert.deepEqual(withOutput![2], ["'gamma?'", "gamma?"]);
});

test("completion, inspection and completeness come from TypeScript across cells, with cursors in code points", async () => {
  await kernel.execute("const brain = { seizures: 3, spikes: [1] };");
  const code = "'🧠'; brain.sei";
  const { reply } = await kernel.request("complete_request", { code, cursor_pos: [...code].length });
  assert.deepEqual(reply.content.matches, ["seizures"]);
  assert.deepEqual([reply.content.cursor_start, reply.content.cursor_end], [11, 14]);
  const inspected = await kernel.request("inspect_request", { code: "brain", cursor_pos: 2, detail_level: 0 });
  assert.match(String((inspected.reply.content.data as Record<string, string>)["text/plain"]), /seizures: number/);
  const status = async (text: string) =>
    (await kernel.request("is_complete_request", { code: text })).reply.content.status;
  assert.deepEqual(
    [await status("1 + 1"), await status("if (true) {"), await status("const = 3;")],
    ["complete", "incomplete", "invalid"],
  );
  const magic = await kernel.request("complete_request", { code: "%time", cursor_pos: 5 });
  assert.deepEqual(magic.reply.content.matches, ["%timeit", "%time"]);
});

test("a comm opened by a cell talks both ways with buffers, is listed, and is closed", async () => {
  const code = `const comm = new Comm("widget", { hello: 1 }, { buffers: [new Uint8Array([1, 2])] });
comm.onMessage(({ data, buffers }) => { console.log("got", JSON.stringify(data), buffers[0]?.[0]); comm.send({ back: data }); });
comm.onClose(() => console.log("closed"));
comm.id`;
  const opened = await kernel.execute(code);
  const open = opened.iopub.find((message) => isMessage(message, "comm_open"))!;
  assert.deepEqual(
    [open.content.target_name, open.content.data, [...open.buffers[0]!]],
    ["widget", { hello: 1 }, [1, 2]],
  );
  const comm_id = String(open.content.comm_id);
  const listed = await kernel.request("comm_info_request", { target_name: "widget" });
  assert.deepEqual(listed.reply.content.comms, { [comm_id]: { target_name: "widget" } });
  const sent = kernel.client.send("shell", "comm_msg", { comm_id, data: { n: 5 } });
  const back = await kernel.waitFor((message) => isMessage(message, "comm_msg"), "the comm's answer");
  assert.deepEqual([back.content.data, back.parentHeader?.msg_id], [{ back: { n: 5 } }, sent]);
  kernel.client.send("shell", "comm_close", { comm_id, data: {} });
  await kernel.waitFor((message) => isMessage(message, "stream") && message.content.text === "closed\n", "the close");
  assert.deepEqual((await kernel.request("comm_info_request", {})).reply.content.comms, {});
});

test("a front end opens a comm of a known target; one of an unknown target is closed", async () => {
  await kernel.execute(`const stop = Comm.onOpen("chart", (comm, { data }) => comm.send({ welcome: data }));`);
  kernel.client.send("shell", "comm_open", { comm_id: "c1", target_name: "chart", data: 7 });
  const answer = await kernel.waitFor((message) => isMessage(message, "comm_msg") && message.content.comm_id === "c1");
  assert.deepEqual(answer.content.data, { welcome: 7 });
  kernel.client.send("shell", "comm_open", { comm_id: "c2", target_name: "nothing", data: {} });
  await kernel.waitFor((message) => isMessage(message, "comm_close") && message.content.comm_id === "c2");
});

test("a message for an open comm reaches a cell that awaits", async () => {
  const id = kernel.send(
    `const live = new Comm("live"); const value = await new Promise((resolve) => live.onMessage(({ data }) => resolve(data))); value`,
  );
  const open = await kernel.waitFor(
    (message) => isMessage(message, "comm_open") && message.content.target_name === "live",
  );
  kernel.client.send("shell", "comm_msg", { comm_id: String(open.content.comm_id), data: "in time" });
  assert.equal(contentOf(await kernel.answer(id), "execute_result")?.data["text/plain"], "in time");
});

test("a client that vanishes in the middle of a cell does no harm", async () => {
  const client = connectClient(kernel.connection);
  client.send("shell", "execute_request", {
    ...EXECUTE,
    code: "for (let i = 0; i < 1000; i++) console.log('x'.repeat(1000)); await new Promise((r) => setTimeout(r, 300)); 1",
  });
  await sleep(200);
  client.close();
  const answer = await kernel.execute("8");
  assert.deepEqual(typesOf(answer), ["busy", "execute_input", "execute_result", "idle"]);
});

test("an unknown request is passed over with busy and idle", async () => {
  const id = kernel.client.send("shell", "made_up_request" as "kernel_info_request", {});
  await kernel.waitFor((message) => message.parentHeader?.msg_id === id && message.content.execution_state === "idle");
  assert.equal((await kernel.execute("9")).reply.content.status, "ok");
});
