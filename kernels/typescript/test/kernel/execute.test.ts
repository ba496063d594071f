import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { errorLine } from "../../src/runner/cell-error.js";
import { isMessage, type MessageContents } from "../../src/wire/message.js";
import { patience } from "../patience.js";
import { contentOf, startKernel, streamText, type TestKernel, typesOf } from "./start-kernel.js";

let kernel: TestKernel;
before(async () => {
  kernel = await startKernel();
});
after(() => kernel.stop());

const resultOf = async (code: string) => contentOf(await kernel.execute(code), "execute_result")?.data["text/plain"];

test("a cell's messages come in order and carry its header, and its value is a result", async () => {
  const answer = await kernel.execute("console.log('hello');\n6 * 7");
  assert.deepEqual(typesOf(answer), ["busy", "execute_input", "stream", "execute_result", "idle"]);
  const { execution_count } = answer.reply.content as { execution_count: number };
  assert.deepEqual(contentOf(answer, "execute_input"), { code: "console.log('hello');\n6 * 7", execution_count });
  assert.equal(streamText(answer), "hello\n");
  const result = contentOf(answer, "execute_result");
  assert.deepEqual([result?.data["text/plain"], result?.execution_count], ["42", execution_count]);
  assert.deepEqual([answer.reply.content.status, answer.reply.content.payload], ["ok", []]);
});

test("undefined is no result, null is one", async () => {
  assert.equal(await resultOf("void 0"), undefined);
  assert.equal(await resultOf("null"), "null");
});

test("variables live on across cells, may be declared anew, and earlier functions see a new value", async () => {
  await kernel.execute("let threshold = 0.5; const detect = (x: number) => x > threshold;");
  assert.equal(await resultOf("threshold = 0.7; detect(0.6)"), "false");
  assert.equal(await resultOf("const threshold = 'text'; threshold.length"), "4");
  assert.equal(await resultOf("class A { n = 1 }; class B extends A {}; new B().n"), "1");
});

test("await and for await work at the top level", async () => {
  const code =
    "async function* count() { yield 1; yield 2; }\nlet sum = 0;\nfor await (const n of count()) sum += n;\nawait Promise.resolve(sum)";
  assert.equal(await resultOf(code), "3");
});

test("the count rises with every cell but silent ones and those that leave no history", async () => {
  const count = async (options = {}) => (await kernel.execute("1", options)).reply.content.execution_count as number;
  const first = await count();
  assert.equal(await count(), first + 1);
  assert.equal(await count({ store_history: false }), first + 1);
  assert.equal(await count({ silent: true }), first + 1);
  assert.equal(await count(), first + 2);
});

test("a silent cell publishes nothing but its states", async () => {
  const answer = await kernel.execute("console.log('unheard'); 1", { silent: true });
  assert.deepEqual(typesOf(answer), ["busy", "idle"]);
});

test("user expressions are evaluated after the cell; one that fails says why and spoils no other", async () => {
  const { reply } = await kernel.execute("const five = 5;", {
    user_expressions: { a: "five + 1", b: "nothing.at.all" },
  });
  const { a, b } = reply.content.user_expressions as Record<string, { status: string; data: object; ename: string }>;
  assert.deepEqual([a!.status, a!.data], ["ok", { "text/plain": "6" }]);
  assert.deepEqual([b!.status, b!.ename], ["error", "ReferenceError"]);
});

test("a thrown error is an error in reply and broadcast, named with the line of the TypeScript source", async () => {
  const code =
    "interface Shape {\n  side: number;\n}\nfunction area(shape: Shape): number {\n  throw new RangeError('no area');\n}\n\narea({ side: 1 });";
  const { reply, iopub } = await kernel.execute(code);
  const error = iopub.find((message) => isMessage(message, "error"))!.content as unknown as {
    ename: string;
    evalue: string;
    traceback: string[];
  };
  assert.deepEqual([error.ename, error.evalue, reply.content.status], ["RangeError", "no area", "error"]);
  assert.deepEqual(reply.content.traceback, error.traceback);
  const count = reply.content.execution_count;
  assert.match(
    error.traceback.join("\n"),
    new RegExp(`^RangeError: no area\\n +at area \\(cell-${count}\\.ts:5:9\\)\\n +at cell-${count}\\.ts:8:1$`),
  );
  assert.equal(errorLine(error), 5);
});

test("causes, lists of errors, rejections and values that are no errors are told", async () => {
  const traceback = async (code: string) => {
    const { reply } = await kernel.execute(code);
    return `${reply.content.ename}|${(reply.content.traceback as string[]).join("\n")}`;
  };
  assert.match(
    await traceback("throw new Error('top', { cause: new TypeError('root') })"),
    /^Error\|Error: top\n[\s\S]*\[cause\]: TypeError: root\n/,
  );
  assert.match(
    await traceback("throw new AggregateError([new Error('one')], 'all')"),
    /^AggregateError\|[\s\S]*\[error 1\]: Error: one/,
  );
  assert.match(await traceback("throw 7"), /^number\|Uncaught 7/);
  assert.match(await traceback("throw null"), /^null\|Uncaught null/);
  assert.match(await traceback("throw { code: 3 }"), /^Object\|Uncaught \{ code: 3 \}/);
  assert.match(await traceback("await Promise.reject(new Error('rejected'))"), /^Error\|Error: rejected/);
});

test("a type error blocks the cell and points at the place", async () => {
  const answer = await kernel.execute("console.log('not run');\nconst text: string = 5;");
  assert.equal(streamText(answer), "");
  const { ename, evalue, traceback } = contentOf(answer, "error")!;
  assert.deepEqual([ename, evalue], ["TypeScriptError", "Type 'number' is not assignable to type 'string'."]);
  assert.match(traceback[0]!, /^cell-\d+\.ts:2:7 - error TS2322: /);
  assert.deepEqual(traceback.slice(1), ["  const text: string = 5;", "        ~~~~"]);
  assert.equal(errorLine({ ename, evalue, traceback }), 2);
});

test("process.exit is refused with a reason and the kernel lives on", async () => {
  const { reply } = await kernel.execute("process.exit(3)");
  assert.match(String(reply.content.evalue), /would end the kernel/);
  assert.equal(await resultOf("1 + 1"), "2");
});

test("what nobody catches is an error output of the cell that started it, marked as uncaught, however late", async () => {
  const first = kernel.send(
    "setTimeout(() => { throw new Error('late throw') }, 150); void Promise.reject(new Error('unhandled')); 0",
  );
  await kernel.answer(first);
  const second = await kernel.execute("await new Promise((resolve) => setTimeout(resolve, 400))");
  assert.equal(streamText(second, "stderr"), "");
  const { iopub } = await kernel.answer(first);
  const errors = iopub.filter((message) => isMessage(message, "error"));
  const [rejection, thrown] = errors.map(({ content }) => (content.traceback as string[]).join("\n"));
  assert.match(rejection!, /^Unhandled rejection: Error: unhandled\n +at cell-\d+\.ts:1:/);
  assert.match(thrown!, /^Uncaught in a callback: Error: late throw\n +at .*cell-\d+\.ts:1:/);
  assert.deepEqual(
    errors.map(({ metadata }) => metadata),
    [{ ictal: { uncaught: "rejection" } }, { ictal: { uncaught: "exception" } }],
  );
  const idle = typesOf({ reply: second.reply, iopub }).indexOf("idle");
  assert.ok(iopub.indexOf(errors[0]!) < idle, "a rejection in the turn of the cell is told before its end");
});

test("a rejection that is handled in its turn, or by a listener of the cell's own, is no error", async () => {
  const handled = await kernel.execute(
    "const p = Promise.reject(new Error('x')); await null; p.catch(() => {}); await Promise.allSettled([Promise.reject(1)]); 1",
  );
  const own = await kernel.execute(
    "const seen = (reason: unknown) => console.log('seen', reason); process.on('unhandledRejection', seen); void Promise.reject(5); await new Promise((r) => setTimeout(r, 50)); process.off('unhandledRejection', seen); 1",
  );
  assert.equal(streamText(own), "seen 5\n");
  for (const { iopub } of [handled, own]) assert.ok(!iopub.some((message) => isMessage(message, "error")));
});

test("the kernel tells what is still pending, and waits for it as long as it is asked to", async () => {
  const settle = async (grace_milliseconds: number) => {
    const { reply } = await kernel.request("ictal_settle_request", { grace_milliseconds }, "control");
    return reply.content as unknown as MessageContents["ictal_settle_reply"];
  };
  assert.deepEqual((await settle(0)).pending, []);
  const { reply } = await kernel.execute("\nsetTimeout(() => {}, 1500); new Promise((r) => setTimeout(r, 1400))");
  const cell = reply.content.execution_count;
  assert.deepEqual((await settle(0)).pending, [
    { what: "a promise", cell },
    { what: "a timer", cell, line: 2 },
    { what: "a timer", cell, line: 2 },
  ]);
  const started = performance.now();
  assert.deepEqual((await settle(30_000)).pending, []);
  assert.ok(performance.now() - started < patience(20_000));
  await kernel.execute("process.exitCode = 7;");
  const left = await settle(0);
  assert.deepEqual([left.exit_code, left.exit_code_cell], [7, Number(cell) + 1]);
  await kernel.execute("process.exitCode = undefined;");
});

test("NaN and infinities in a display are texts, a bigint its digits", async () => {
  const answer = await kernel.execute(
    "display({ [Symbol.for('Jupyter.display')]: () => ({ 'application/json': { a: NaN, b: 12345678901234567890n } }) })",
  );
  assert.deepEqual(contentOf(answer, "display_data")?.data, {
    "application/json": { a: "NaN", b: 12345678901234567890n },
  });
});

test("cells that wait when one fails are aborted, later ones run", async () => {
  const ids = ["await new Promise((r) => setTimeout(r, 100)); throw new Error('x')", "1", "2"].map((code) =>
    kernel.send(code),
  );
  const answers = await Promise.all(ids.map((id) => kernel.answer(id)));
  assert.deepEqual(
    answers.map(({ reply }) => reply.content.status),
    ["error", "aborted", "aborted"],
  );
  assert.deepEqual(typesOf(answers[1]!), ["busy", "idle"]);
  assert.equal("execution_count" in answers[1]!.reply.content, false, "what did not run has no number");
  assert.equal(await resultOf("3"), "3");
});

test("with stop_on_error false the cells that wait run all the same", async () => {
  const failing = kernel.send("await new Promise((r) => setTimeout(r, 100)); throw new Error('x')", {
    stop_on_error: false,
  });
  const next = kernel.send("4");
  assert.equal((await kernel.answer(failing)).reply.content.status, "error");
  assert.equal((await kernel.answer(next)).reply.content.status, "ok");
});

test("a queued cell is busy only after the one before is idle", async () => {
  const ids = [0, 1, 2].map((i) => kernel.send(`await new Promise((r) => setTimeout(r, 50)); ${i}`));
  await Promise.all(ids.map((id) => kernel.answer(id)));
  const states = kernel.messages.flatMap(({ channel, message }) => {
    const index = ids.indexOf(message.parentHeader?.msg_id ?? "");
    if (channel !== "iopub" || index < 0 || !isMessage(message, "status")) return [];
    return [`${message.content.execution_state} ${index}`];
  });
  assert.deepEqual(states, ["busy 0", "idle 0", "busy 1", "idle 1", "busy 2", "idle 2"]);
});

test("a top-level loop of twenty million rounds takes no longer than a second", async () => {
  const started = performance.now();
  assert.equal(await resultOf("let acc = 0; for (let i = 0; i < 2e7; i++) acc += i % 7; acc"), "59999997");
  assert.ok(performance.now() - started < patience(1000));
});

test("objects of earlier results are not kept alive", async () => {
  await kernel.execute(
    "import { setFlagsFromString } from 'node:v8';\nsetFlagsFromString('--expose-gc');\nimport { runInNewContext } from 'node:vm';",
  );
  await kernel.execute(
    "let held: { big: number[] } | undefined = { big: [1] };\nconst weak = new WeakRef(held);\nheld",
  );
  await kernel.execute("held = undefined;");
  const code =
    "await new Promise((r) => setTimeout(r, 10)); (runInNewContext('gc') as () => void)(); await new Promise((r) => setTimeout(r, 10)); weak.deref() === undefined";
  assert.equal(await resultOf(code), "true");
});
