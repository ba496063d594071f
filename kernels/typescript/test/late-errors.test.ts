import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { CodeCell } from "../src/notebook/notebook-file.js";
import { parseNotebook, readNotebook } from "../src/notebook/read-notebook.js";
import { createLateErrors, exitCodeFailure, pendingWork } from "../src/runner/late-errors.js";
import { createMessage, type Message } from "../src/wire/message.js";
import { type CellSpec, makeNotebook, notebookText, runCli, temporaryFolder } from "./make-notebook.js";

const cellsOf = (specs: readonly (string | CellSpec)[]) =>
  (parseNotebook(notebookText(specs), "a.ipynb").cells as CodeCell[]).map((cell, index) => ({
    ...cell,
    execution_count: index + 1,
  }));

function uncaught(kind: string | undefined, traceback: readonly string[]): Message {
  const message = createMessage("error", { ename: "Error", evalue: "lost", traceback }, { session: "s" });
  return { ...message, metadata: kind ? { ictal: { uncaught: kind } } : {} } as unknown as Message; // as a kernel sends it
}

test("a late error fails the run and its cell, with the line in that cell; one of a tagged cell or another kernel does not", () => {
  const [first, tagged] = cellsOf(["f();", { code: "g();", tags: ["raises-exception"] }]);
  const late = createLateErrors(false);
  late.note(first!, 1, uncaught(undefined, ["Error: lost"]));
  late.note(tagged!, 2, uncaught("rejection", ["Error: lost"]));
  assert.equal(late.failure(), undefined);
  late.note(first!, 1, uncaught("rejection", ["Error: lost", "  at f (cell-7.ts:9:1)", "  at cell-1.ts:4:1"]));
  assert.equal(late.failure(tagged), undefined);
  const failure = late.failure();
  assert.deepEqual([failure?.kind, failure?.cell, failure?.line], ["cell", 1, 4]);
  assert.match(
    failure!.message,
    /^unhandled rejection: Error: lost \(await the promise or catch it; --allow-late-errors/,
  );
  assert.deepEqual(first!.metadata.papermill, { status: "failed", exception: true });
});

test("an allowed late error is told and fails nothing", () => {
  const [cell] = cellsOf(["f();"]);
  const late = createLateErrors(true);
  assert.equal(late.notice(), undefined);
  late.note(cell!, 1, uncaught("exception", ["Error: lost"]));
  assert.equal(late.failure(), undefined);
  assert.match(late.notice()!, /were allowed: 1, of cell 1/);
});

test("process.exitCode is a failure of the cell that set it, and pending work is named with cell and line", () => {
  const cells = cellsOf(["1", "2"]);
  const reply = { status: "ok", pending: [], exit_code: null, exit_code_cell: null };
  assert.equal(exitCodeFailure(reply, cells), undefined);
  const failure = exitCodeFailure({ ...reply, exit_code: 7, exit_code_cell: 2 }, cells);
  assert.equal(failure?.cell, 2);
  assert.match(failure!.message, /^process\.exitCode was set to 7/);
  assert.equal(cells[1]!.outputs[0]?.output_type, "error");
  const pending = [{ what: "a timer", cell: 1, line: 3 }, { what: "a timer", cell: 1, line: 3 }, { what: "a pipe" }];
  assert.deepEqual(pendingWork({ ...reply, pending }, cells), ["a timer of cell 1, line 3", "a pipe"]);
});

test("a late error without a line in its cell says where it was thrown, and when its cell is the kernel's guess", () => {
  const [first] = cellsOf(["f();"]);
  const failureOf = (traceback: readonly string[], assumed = false) => {
    const late = createLateErrors(false);
    const message = uncaught("exception", traceback);
    late.note(first!, 1, { ...message, metadata: { ictal: { uncaught: "exception", assumed } } });
    return late.failure()!;
  };
  const frames = ["Error: lost", "    at emit (node:events:519:28)", "    at g (/a/node_modules/b/c.js:1:2)"];
  const cases: readonly (readonly [frames: readonly string[], place: string])[] = [
    [frames, "thrown at /a/node_modules/b/c.js:1; catch it there"],
    [[...frames, "    at async file:///a/d.mjs:7:3"], "thrown at /a/d.mjs:7; catch it there"],
    [[...frames, "    at h (cell-4.ts:2:1)"], "thrown at cell-4.ts:2; catch it there"],
    [["Error: lost", "    at [worker eval]:3:1"], "thrown at [worker eval]:3; catch it there"],
    [frames.slice(0, 2), "its stack names no line of a cell or a file; catch it there"],
  ];
  for (const [traceback, place] of cases) {
    const { line, message } = failureOf(traceback);
    assert.equal(line, undefined);
    assert.ok(message.startsWith(`uncaught in a callback: Error: lost (${place}`), message);
  }
  assert.match(
    failureOf(["Error: lost", " at cell-1.ts:4:1"], true).message,
    /lost \(it may have begun in an earlier cell/,
  );
});

/** What each kernel knows of work whose stack names no cell: the cell that began it, or the latest. */
const KERNELS = [
  { kernel: "ictal", timer: "a timer of cell 1, line 2", cellOfTimer: 1, certain: true },
  { kernel: "tslab", timer: "a timer", cellOfTimer: 2, certain: false },
] as const;

/** Throws in a timer while the second cell runs; its stack names no cell. */
const READER = `module.exports = () => {
  const poll = setInterval(() => {
    if (!globalThis.cellTwoRuns) return;
    clearInterval(poll);
    throw new Error("short file");
  }, 20);
};
`;

for (const { kernel, timer, cellOfTimer, certain } of KERNELS) {
  test(`a run on ${kernel} whose cells fail after their end exits with 1 and shows the errors in terminal, notebook and report`, async () => {
    const folder = await temporaryFolder();
    const cells = [
      "let open = () => {};\nasync function bad(): Promise<void> {\n  await gate; throw new Error('forgot await');\n}\nconst gate = new Promise<void>((resolve) => { open = resolve; });\nbad();\n1",
      'import { createReadStream } from "node:fs";\ncreateReadStream("/no/such/file"); setTimeout(open, 0);\n2',
    ];
    const input = await makeNotebook(folder, cells, { kernel });
    const output = join(folder, "out.ipynb");
    const { code, stdout, stderr } = await runCli(["notebook", "exec", input, "-o", output], { cwd: folder });
    assert.equal(code, 1);
    assert.match(stdout, /Unhandled rejection: Error: forgot await\n +at bad \(cell-1\.ts:3:/);
    assert.match(
      stderr,
      /(?:cell 1, line 3: unhandled rejection: Error: forgot await|cell 2: uncaught in a callback: Error: ENOENT)/,
    );
    const executed = (await readNotebook(output)).cells as CodeCell[];
    assert.deepEqual(
      executed.map(({ outputs }) => outputs.flatMap((found) => (found.output_type === "error" ? [found.evalue] : []))),
      [["forgot await"], ["ENOENT: no such file or directory, open '/no/such/file'"]],
    );
    const report = await readFile(join(folder, "out.html"), "utf8");
    assert.match(report, /forgot await/);
    assert.match(report, /failed<\/a>: Error: /);
  });

  test(`on ${kernel} the exit code of a cell counts, pending work is told, and --allow-late-errors lets the run pass`, async () => {
    const folder = await temporaryFolder();
    const cells = ["process.exitCode = 7;\nsetInterval(() => {}, 1000);\n1", "void Promise.reject('a word');\n2"];
    const input = await makeNotebook(folder, cells, { kernel });
    const words = ["notebook", "exec", input, "--no-report", "--json", "-o", "out.ipynb"];
    const { code, stdout, stderr } = await runCli([...words, "--allow-late-errors"], { cwd: folder });
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(`still pending and ends with the kernel: ${timer}. Await`), stderr);
    assert.match(stderr, /errors that no cell awaited or caught were allowed: 1, of cell 2/);
    assert.match(stderr, /process\.exitCode was set to 7, which was allowed/);
    const { notebooks } = JSON.parse(stdout) as { notebooks: { pending: string[]; failedCell: null }[] };
    assert.deepEqual([notebooks[0]!.failedCell, notebooks[0]!.pending], [null, [timer]]);
  });

  test(`on ${kernel} an error of a cell that has ended fails the run, whatever runs meanwhile, and says where it was thrown`, async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "reader.cjs"), READER);
    const cells = [
      '(require("./reader.cjs") as () => void)();',
      "(globalThis as { cellTwoRuns?: boolean }).cellTwoRuns = true;\nawait new Promise((resolve) => setTimeout(resolve, 1000));",
      { code: "throw new Error('expected');", tags: ["raises-exception"] },
    ];
    const input = await makeNotebook(folder, cells, { kernel });
    const { code, stderr } = await runCli(["notebook", "exec", input, "--no-report"], { cwd: folder });
    assert.equal(code, 1);
    const [, cell, place, assumed] =
      /cell (\d): uncaught in a callback: Error: short file \(thrown at \S*(reader\.cjs:5); (it may have begun)?/.exec(
        stderr,
      ) ?? [];
    assert.deepEqual(
      [cell, place, assumed],
      [String(cellOfTimer), "reader.cjs:5", certain ? undefined : "it may have begun"],
      stderr,
    );
  });
}
