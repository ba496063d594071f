// What can go wrong in a night: each fault ends in a clear message, a saved notebook and no process left behind.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "@ictal/base/process-alive";
import { listKernelspecs } from "../src/kernelspec.js";
import type { CodeCell } from "../src/notebook/notebook-file.js";
import { readNotebook } from "../src/notebook/read-notebook.js";
import { type CellSpec, makeNotebook, startCli, temporaryFolder } from "./make-notebook.js";
import { HANGS_MILLISECONDS, patience } from "./patience.js";
import { assertValidNotebooks } from "./validate.js";

const noPython = (await listKernelspecs()).some((spec) => spec.name === "python3")
  ? false
  : "ipykernel is not installed (Debian: python3-ipykernel)";
const python = { skip: noPython, timeout: HANGS_MILLISECONDS } as const;
const made: string[] = [];

let folder: string;
let env: { JPY_TEST?: string; JUPYTER_PATH: string };

async function writeKernel(name: string, argv: readonly string[]): Promise<void> {
  const directory = join(folder, "jupyter/kernels", name);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "kernel.json"), JSON.stringify({ argv, display_name: name, language: "python" }));
}

before(async () => {
  folder = await temporaryFolder();
  env = { JUPYTER_PATH: join(folder, "jupyter") };
  await writeKernel("mute", ["sleep", "60"]);
  await writeKernel("broken", ["sh", "-c", "echo no licence >&2; exit 7"]);
  await writeKernel("absent", ["/no/such/program", "{connection_file}"]);
});

after(() => assertValidNotebooks(made));

interface Settings {
  readonly kernel?: string;
  readonly words?: readonly string[];
  readonly output?: string;
}

async function start(cells: readonly (string | CellSpec)[], settings: Settings = {}) {
  const name = `n${made.length}.ipynb`;
  const input = await makeNotebook(folder, cells, { name, kernel: settings.kernel ?? "python3" });
  const output = settings.output ?? join(folder, `out-${name}`);
  made.push(output);
  const run = startCli(["notebook", "exec", input, "-o", output, "--no-report", ...(settings.words ?? [])], {
    cwd: folder,
    env,
  });
  return { ...run, input, output };
}

async function exec(cells: readonly (string | CellSpec)[], settings: Settings = {}) {
  const { done, output, input } = await start(cells, settings);
  const result = await done;
  return { ...result, input, output, cells: await codeCells(output) };
}

async function codeCells(path: string): Promise<CodeCell[]> {
  return (await readNotebook(path)).cells.filter((cell): cell is CodeCell => cell.cell_type === "code");
}

const textOf = (cell: CodeCell) => cell.outputs.map((output) => ("text" in output ? output.text : "")).join("");

async function untilGone(pid: number): Promise<boolean> {
  for (const end = Date.now() + patience(6000); Date.now() < end; await sleep(50)) if (!isAlive(pid)) return true;
  return false;
}

const STRAY =
  "import subprocess\nchild = subprocess.Popen(['sleep', '600'], start_new_session=True)\nprint('stray', child.pid, flush=True)";
const strayOf = (text: string) => Number(/stray (\d+)/.exec(text)?.[1]);

test(
  "an interrupted cell may end in its own way, and what it started in a group of its own ends too",
  python,
  async () => {
    const cell = `${STRAY}\nimport time\ntry:\n    print('waiting', flush=True)\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    print('checkpoint saved')`;
    const { child, done, printed, output } = await start([cell]);
    await printed("waiting");
    child.kill("SIGINT");
    const { code, stdout, stderr } = await done;
    assert.equal(code, 130);
    assert.match(stderr, /cell 1: interrupted by SIGINT; what ran so far is saved/);
    assert.match(textOf((await codeCells(output))[0]!), /checkpoint saved\n$/);
    assert.ok(await untilGone(strayOf(stdout)));
  },
);

test("a cell that ignores the interrupt is ended all the same at its timeout", python, async () => {
  const cell = `${STRAY}\nimport time\nwhile True:\n    try:\n        time.sleep(600)\n    except KeyboardInterrupt:\n        print('no', flush=True)`;
  const { code, stdout, stderr, cells } = await exec([cell], { words: ["--cell-timeout", "1"] });
  assert.equal(code, 4);
  assert.match(stderr, /cell 1: cell 1 took longer than 1 s/);
  assert.match(textOf(cells[0]!), /no\n/);
  assert.ok(await untilGone(strayOf(stdout)));
});

test("kill -9 of the kernel in a cell is exit 3, and its children end with it", python, async () => {
  const { code, stdout, stderr, cells } = await exec([
    `${STRAY}\nimport os, signal, sys, time\nprint('x' * 10, flush=True)\ntime.sleep(0.3)\nos.kill(os.getpid(), signal.SIGKILL)`,
  ]);
  assert.equal(code, 3);
  assert.match(stderr, /cell 1: the kernel was ended by SIGKILL/);
  assert.match(textOf(cells[0]!), /xxxxxxxxxx/);
  assert.ok(await untilGone(strayOf(stdout)));
});

test(
  "output that came before a kill -9 of the kernel is stored whole, though a reader holds up the runner",
  python,
  async () => {
    const { child, done, output } = await start([
      "import os, signal, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(0.5)",
      "print(('y' * 9_999 + '\\n') * 300 + 'the end', flush=True)\nprint('last words', flush=True)\ntime.sleep(0.3)\nos.kill(os.getpid(), signal.SIGKILL)",
    ]);
    const pid = await new Promise<number>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        const found = /^pid (\d+)$/m.exec(chunk.toString());
        if (found) resolve(Number(found[1]));
      });
    });
    child.stdout.pause();
    assert.ok(await untilGone(pid));
    await sleep(600);
    child.stdout.resume();
    const { code } = await done;
    assert.equal(code, 3);
    assert.match(textOf((await codeCells(output))[1]!), /^(?:y{9999}\n){300}the end\nlast words\n$/);
  },
);

test("kill -9 of the runner in a cell leaves the saved notebook and no kernel", python, async () => {
  const { child, done, printed, output } = await start(
    ["print('first')", "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(600)"],
    { words: ["--save-interval", "0.2"] },
  );
  await printed("pid ");
  await sleep(700);
  child.kill("SIGKILL");
  const { stdout } = await done;
  assert.ok(await untilGone(Number(/pid (\d+)/.exec(stdout)?.[1])));
  const cells = await codeCells(output);
  assert.deepEqual(
    cells.map((cell) => (cell.metadata.papermill as { status: string }).status),
    ["completed", "running"],
  );
  assert.match(textOf(cells[1]!), /pid \d+\n/);
});

test("a notebook that asks for input fails with a sentence that says what to do", python, async () => {
  const { code, stderr } = await exec(["name = input('Who? ')"]);
  assert.equal(code, 1);
  assert.match(stderr, /cell 1, line 1: StdinNotImplementedError: .*nobody to answer; make it a parameter/);
});

/** Starts a kernel whose shell port is taken at the first start. */
const TAKEN_AT_FIRST = `
const { existsSync, readFileSync, writeFileSync } = require("node:fs");
const { createServer } = require("node:net");
const [launcher, file, mark] = process.argv.slice(2);
const start = () => require("node:child_process")
  .spawn(process.execPath, [launcher, file], { stdio: "inherit" }).on("exit", (code) => process.exit(code ?? 1));
if (existsSync(mark)) return start();
writeFileSync(mark, "");
createServer().listen(JSON.parse(readFileSync(file, "utf8")).shell_port, "127.0.0.1", start);
`;

for (const { name, directory, argv } of (await listKernelspecs()).filter((spec) => /^(ictal|tslab)$/.test(spec.name)))
  test(`a port that another process took before ${name} bound it costs a second start, no run`, async () => {
    const script = join(folder, "taken.cjs");
    const mark = join(folder, `taken-${name}`);
    await writeFile(script, TAKEN_AT_FIRST);
    const launcher = argv.find((word) => word.endsWith("launcher.mjs"))!.replaceAll("{resource_dir}", directory);
    await writeKernel(`taken-${name}`, [process.execPath, script, launcher, "{connection_file}", mark]);
    const { code, stderr } = await exec(["1 + 1"], { kernel: `taken-${name}` });
    assert.equal(code, 0, stderr);
    await readFile(mark); // the first start was met
  });

test("a kernel that never answers, ends at once or does not exist is told as such", async () => {
  const mute = await exec(["1"], { kernel: "mute", words: ["--start-timeout", "1"] });
  assert.equal(mute.code, 4);
  assert.match(mute.stderr, /kernel mute did not answer within 1 s/);
  const broken = await exec(["1"], { kernel: "broken" });
  assert.equal(broken.code, 3);
  assert.match(broken.stderr, /the kernel ended with code 7; its last words:\nno licence/);
  const absent = await exec(["1"], { kernel: "absent" });
  assert.equal(absent.code, 3);
  assert.match(absent.stderr, /could not be started; its last words:\n\/no\/such\/program: spawn .* ENOENT/);
});

test("100 MB of output keep the runner small: the middle is cut and said to be", {
  ...python,
  timeout: HANGS_MILLISECONDS,
}, async () => {
  const { child, done, output } = await start(
    ["line = 'y' * 9_999\nfor i in range(10_000):\n    print(line)\nprint('the end')"],
    { words: ["--max-output", "1"] },
  );
  let peakKibibytes = 0;
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
    peakKibibytes = Math.max(peakKibibytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }, 50);
  const { code } = await done;
  clearInterval(watch);
  assert.equal(code, 0);
  const text = textOf((await codeCells(output))[0]!);
  assert.ok(text.length < 1_100_000, `${text.length} characters kept`);
  assert.ok(/y\n\[9\d\.\d MB of output left out here, see --max-output\]\ny/.test(text), "the cut is said");
  assert.ok(text.endsWith("the end\n"));
  assert.ok(peakKibibytes < 375_000, `${peakKibibytes} KiB`);
});

test("unpaired surrogates in source and output are stored as U+FFFD", python, async () => {
  const { code, stderr, cells } = await exec(["# \ud83d\nprint('a', '\\udc80', '\\U0001f600')"]);
  assert.equal(code, 0, stderr);
  assert.equal(cells[0]!.source.slice(0, 3), "# \ufffd");
  assert.match(textOf(cells[0]!), /^a \ufffd \u{1f600}\n$/u);
});

test(
  "a full disk while it runs: told at once, the run goes on, a copy is saved elsewhere, the next run works",
  python,
  async (context) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      context.skip("mounting a small tmpfs needs root; run the tests as root to include a full disk");
      return;
    }
    try {
      const output = join(disk, "out.ipynb");
      const cells = ["print('small')", "print('z' * 500_000)", "print('after')"];
      const { code, stdout, stderr } = await exec(cells, { output });
      made.pop(); // it goes with the disk
      assert.equal(code, 1);
      assert.match(stdout, /not saved: cannot write .*out\.ipynb: the disk is full; .*the run goes on/);
      assert.match(stdout, /after/);
      const copy = /what ran is saved in (\S+)/.exec(stderr)?.[1];
      assert.ok(copy, stderr);
      assert.match(textOf((await codeCells(copy))[2]!), /after/);
      assert.match(textOf((await codeCells(output))[0]!), /small/, "the last good save stands");
      assert.deepEqual((await readdir(disk)).sort(), [".out.ipynb.resume.json", "out.ipynb"]);
      execFileSync("mount", ["-o", "remount,size=20m", disk]);
      assert.equal((await exec(cells, { output })).code, 0);
      made.pop();
    } finally {
      execFileSync("umount", [disk]);
    }
  },
);
