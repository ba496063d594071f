import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isMessage } from "../../src/wire/message.js";
import { makeProject } from "../make-project.js";
import { patience } from "../patience.js";
import { contentOf, startKernel, streamText, type TestKernel } from "./start-kernel.js";

let kernel: TestKernel;
before(async () => {
  kernel = await startKernel();
});
after(() => kernel.stop());

const resultOf = async (code: string) => contentOf(await kernel.execute(code), "execute_result")?.data ?? {};
const errorOf = async (code: string) => contentOf(await kernel.execute(code), "error");

test("a result and display(value) show the same view", async () => {
  const answer = await kernel.execute("const table = [{ a: 1 }, { a: 2 }];\ndisplay(table);\ntable");
  const [shown, result] = [contentOf(answer, "display_data")?.data, contentOf(answer, "execute_result")?.data];
  assert.deepEqual(shown, result);
  assert.match(String(result?.["text/html"]), /<caption[^>]*>2 rows × 1 column/);
});

test("typed arrays, promises, images and errors have views; an array of ten million comes at once", async () => {
  assert.match(String((await resultOf("new Float32Array(3)"))["text/plain"]), /^Float32Array\(3\)\n {2}values: 0 to 0/);
  assert.match(String((await resultOf("Promise.resolve(7)"))["text/plain"]), /^Promise \{ 7 \}\n/);
  assert.match(
    String((await resultOf("new RangeError('x', { cause: new Error('y') })"))["text/plain"]),
    /\[cause\]: Error: y/,
  );
  await kernel.execute("const large = new Float64Array(1e7).fill(2);");
  const started = performance.now();
  assert.match(String((await resultOf("large"))["text/plain"]), /2 to 2, mean 2, of a sample of/);
  assert.ok(performance.now() - started < patience(2000), "the view of ten million numbers took more than 2 s");
});

test("%timeit and %time see the cell's variables and types, in the form of comments, too", async () => {
  await kernel.execute("const numbers = [1, 2, 3];\nconst total = (xs: number[]) => xs.reduce((a, b) => a + b, 0);");
  const timed = await kernel.execute("%timeit -n 10 -r 3 total(numbers)");
  assert.match(streamText(timed), /per loop \(mean ± std\. dev\. of 3 runs, 10 loops each; best/);
  const comment = await kernel.execute("const k = 2;\n// %timeit -n 2 -r 1 total(numbers) * k\nk");
  assert.match(streamText(comment), /of 1 run, 2 loops each/);
  assert.equal(contentOf(comment, "execute_result")?.data["text/plain"], "2");
  const time = await kernel.execute("%time total(numbers)");
  assert.match(streamText(time), /^CPU times: .*\nWall time: /);
  assert.equal(contentOf(time, "execute_result")?.data["text/plain"], "6");
  await kernel.execute("%time const kept: number = total(numbers)");
  assert.equal((await resultOf("kept"))["text/plain"], "6");
});

test("a type error in a magic points at its place in the cell, an error at run time names its line", async () => {
  const wrong = await errorOf("const n = 1;\n%timeit n.missing");
  assert.match(String(wrong?.evalue), /missing/);
  assert.match(wrong!.traceback.join("\n"), /2:11[\s\S]*%timeit n\.missing/);
  const thrown = await errorOf("let nothing: any;\n\n%time nothing.x");
  assert.match(thrown!.traceback.join("\n"), /3/);
  const unknown = await errorOf("%timit 1");
  assert.match(String(unknown?.evalue), /there is no magic %timit; did you mean %timeit\?/);
  const { traceback, ...none } = (await errorOf("const m = 1;\n  %nosuch x \n"))!;
  const [message, ...place] = traceback.map((line) => line.replace(/^cell-\d+\.ts:/, ""));
  assert.match(none.evalue, /^there is no magic %nosuch; known are %timeit, %time, .*%%timeit$/);
  assert.deepEqual([none.ename, message], ["MagicError", `2:3 - error: ${none.evalue}`]);
  assert.deepEqual(place, ["    %nosuch x", "    ~~~~~~~~~"]);
});

test("an operator at the start of a line and a template stay what they are", async () => {
  const cell = "const whole = 17\n  % 5;\nconst words = `\n%timeit x\n`;\n[whole, words]";
  assert.match(String((await resultOf(cell))["text/plain"]), /\[ 2, '\\n%timeit x\\n' \]/);
});

test("%memory tells of every thread, %env sets, %%html and %%markdown show, %%time times a cell", async () => {
  const memory = String(contentOf(await kernel.execute("%memory"), "display_data")?.data["text/plain"]);
  assert.match(memory, /heap of the language thread[\s\S]*heap of the protocol thread/);
  assert.equal(streamText(await kernel.execute("%env ICTAL_TEST_MAGIC=1")), "env: ICTAL_TEST_MAGIC=1\n");
  assert.equal((await resultOf("process.env.ICTAL_TEST_MAGIC"))["text/plain"], "1");
  assert.equal(contentOf(await kernel.execute("%%html\n<b>1</b>"), "display_data")?.data["text/html"], "<b>1</b>");
  assert.match(
    streamText(await kernel.execute("%%time\nlet s = 0;\nfor (let i = 0; i < 1e5; i++) s += i;")),
    /Wall time/,
  );
  assert.match(streamText(await kernel.execute("%reload")), /nothing had changed|reloaded/);
});

test("%reload with a module loads that one again, changed or not, and refuses packages and what is not loaded", async (context) => {
  const project = await makeProject("export const one = 1;");
  const own = await startKernel({ cwd: project.notebooks });
  context.after(() => own.stop());
  await own.execute('import { one } from "ictal"; one');
  assert.match(streamText(await own.execute("%reload ictal")), /^reloaded src\/index\.ts/);
  assert.match(String((await own.execute("%reload csv-parse")).reply.content.evalue), /is a package/);
  assert.match(String((await own.execute("%reload ./none.js")).reply.content.evalue), /cannot find the module/);
});

test("a live display changes in place and ends in its last state before the cell is done", async () => {
  const cell =
    'const { liveDisplay } = await import("@ictal/jupyter");\nconst live = liveDisplay("0");\nfor (let i = 1; i <= 500; i++) live.update(String(i));';
  const { iopub } = await kernel.execute(cell);
  const updates = iopub.filter((message) => isMessage(message, "update_display_data"));
  const last = updates.at(-1)?.content as { data: Record<string, unknown> } | undefined;
  assert.equal(last?.data["text/plain"], "500");
  assert.ok(updates.length < 50, `${updates.length} updates`);
});
