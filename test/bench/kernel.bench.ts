/*
 * The kernel beside stock tslab (started without our launcher) and ipykernel (Debian's, where present), each in a process
 * of its own: start of the process to its kernel_info_reply, first cell, trivial cell, a burst of 20,000 lines from first to
 * last message, a top-level loop of 2e7 rounds, resident memory after ten idle seconds. Wall time through the same client;
 * other load on the machine shows. Then, by ours alone: the same loop timed within the cell and within a module that
 * plain Node runs, the first import of all of `src`, and the cell after an edit of a file that much of `src` imports.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listKernelspecs } from "@ictal/jupyter/kernelspec";
import { startKernel, streamText, type TestKernel } from "@ictal/jupyter/test/kernel/start-kernel";
import { projectDir } from "../../src/base/project.js";
import { quantileOf } from "../../src/base/quantile.js";
import { measureEdits } from "./kernel-edits.js";

const ROUNDS = 3;
const LOOP_ROUNDS = 5;
const TRIVIAL_CELLS = 40;
const BURST_LINES = 20_000;
/** Stock tslab takes 300 times as long as plain Node. */
const LOOP_MILLISECONDS = 120_000;
const IDLE_MILLISECONDS = 10_000;

interface Contender {
  readonly name: string;
  readonly label: string;
  readonly trivial: string;
  readonly burst: string;
  readonly loop: string;
}

const JAVASCRIPT = {
  trivial: "1 + 1",
  burst: `for (let i = 0; i < ${BURST_LINES}; i++) console.log("line", i)`,
  loop: "let acc = 0; for (let i = 0; i < 2e7; i++) acc += i % 7; acc",
};
const PYTHON = {
  trivial: "1 + 1",
  burst: `for i in range(${BURST_LINES}): print("line", i)`,
  loop: "acc = 0\nfor i in range(20_000_000): acc += i % 7\nacc",
};

interface Measured {
  start: number[];
  first: number[];
  trivial: number[];
  burst: number[];
  lost: number;
  loop: number[];
  megabytes: number[];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function residentMegabytes(kernel: TestKernel): number {
  const status = readFileSync(`/proc/${kernel.child.pid}/status`, "utf8");
  return (Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024) / 1e6; // Linux always tells
}

/** Milliseconds from the request to the reply or to the last line, whichever is later; a kernel may lose lines and idle. */
async function runBurst(kernel: TestKernel, code: string): Promise<{ milliseconds: number; lost: number }> {
  const started = performance.now();
  let last = started;
  const id = kernel.send(code);
  const remove = kernel.client.listen((_channel, message) => {
    if (message.parentHeader?.msg_id === id) last = performance.now();
  });
  const iopub = await kernel.answer(id).then(
    (answer) => answer.iopub,
    () => kernel.messages.filter(({ message }) => message.parentHeader?.msg_id === id).map(({ message }) => message),
  );
  remove();
  const lines = streamText({ reply: iopub[0]!, iopub }).split("\n").length - 1;
  return { milliseconds: last - started, lost: BURST_LINES - lines };
}

async function measureOnce(contender: Contender, into: Measured): Promise<void> {
  const kernel = await startKernel({ name: contender.name });
  try {
    into.start.push(kernel.readyMilliseconds);
    into.first.push(await timed(() => kernel.execute(contender.trivial)));
    await sleep(IDLE_MILLISECONDS);
    into.megabytes.push(residentMegabytes(kernel));
    for (let i = 0; i < TRIVIAL_CELLS; i++) into.trivial.push(await timed(() => kernel.execute(contender.trivial)));
    into.loop.push(await timed(() => kernel.answer(kernel.send(contender.loop), LOOP_MILLISECONDS)));
    const burst = await runBurst(kernel, contender.burst);
    into.burst.push(burst.milliseconds);
    into.lost = Math.max(into.lost, burst.lost);
  } finally {
    await kernel.stop();
  }
}

const median = (values: readonly number[]) => quantileOf(values, 0.5);

function show(values: readonly number[], unit: string): string {
  const digits = Math.min(...values) < 100 ? 1 : 0;
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}) ${unit}`;
}

async function measure(contender: Contender): Promise<void> {
  const measured: Measured = { start: [], first: [], trivial: [], burst: [], lost: 0, loop: [], megabytes: [] };
  for (let round = 0; round < ROUNDS; round++) await measureOnce(contender, measured);
  const lost = measured.lost > 0 ? `, ${measured.lost} lines lost` : "";
  console.log(contender.label);
  console.log(`  start to ready        ${show(measured.start, "ms")}`);
  console.log(`  first cell            ${show(measured.first, "ms")}`);
  console.log(`  trivial cell          ${show(measured.trivial, "ms")}`);
  console.log(`  ${BURST_LINES} lines           ${show(measured.burst, "ms")}${lost}`);
  console.log(`  loop of 2e7 rounds    ${show(measured.loop, "ms")}`);
  console.log(`  idle memory           ${show(measured.megabytes, "MB")}`);
}

/** A kernelspec for tslab as its package starts it, in a Jupyter folder of its own. */
async function addStockTslab(jupyter: string): Promise<void> {
  const directory = join(jupyter, "kernels", "stock-tslab");
  await mkdir(directory, { recursive: true });
  const tslab = join(dirname(createRequire(import.meta.url).resolve("tslab/package.json")), "bin/tslab");
  const argv = [process.execPath, tslab, "kernel", "--config-path", "{connection_file}"];
  await writeFile(
    join(directory, "kernel.json"),
    JSON.stringify({ argv, display_name: "tslab", language: "typescript" }),
  );
}

async function measureImports(): Promise<void> {
  const first: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const kernel = await startKernel({ env: { ICTAL_KERNEL_PROJECT: projectDir } });
    await kernel.execute("1");
    await sleep(IDLE_MILLISECONDS);
    first.push(await timed(() => kernel.execute('import * as ictal from "ictal"; ictal.projectDir')));
    await kernel.stop();
  }
  console.log(`ictal: first import of all of src  ${show(first, "ms")}`);
}

const LOOP = "const started = performance.now(); let acc = 0; for (let i = 0; i < 2e8; i++) acc += i % 7;";

/** A loop of 2e8 rounds at the top of a cell and at the top of a module, in turn; both time themselves. */
async function measureLoop(): Promise<void> {
  const [cell, module]: [number[], number[]] = [[], []];
  const kernel = await startKernel();
  for (let round = 0; round < LOOP_ROUNDS; round++) {
    const answer = await kernel.execute(`${LOOP} console.log(performance.now() - started, acc);`);
    cell.push(Number.parseFloat(streamText(answer)));
    const words = ["--input-type=module", "--eval", `${LOOP} console.log(performance.now() - started, acc);`];
    module.push(Number.parseFloat(execFileSync(process.execPath, words, { encoding: "utf8" })));
  }
  await kernel.stop();
  const ratio = (median(cell) / median(module)).toFixed(2);
  console.log(
    `ictal: top-level loop of 2e8 rounds  ${show(cell, "ms")}; in a Node module ${show(module, "ms")}: ${ratio} times`,
  );
}

/** The file that most of `src` imports, and one with about 150 importers. */
const EDITED = ["src/base/random.ts", "src/base/events.ts"];

async function printEdits(jupyter: string): Promise<void> {
  const all = await measureEdits(join(jupyter, "project"), jupyter, EDITED);
  for (const { file, reloaded, milliseconds, processorMilliseconds } of all) {
    const processor = `${processorMilliseconds.toFixed(0)} ms of processor time`;
    console.log(
      `ictal: cell after an edit of ${file} (${reloaded} modules)  ${show(milliseconds, "ms")}, ${processor}`,
    );
  }
}

const jupyter = await mkdtemp(join(tmpdir(), "ictal-bench-kernel-"));
process.env.JUPYTER_PATH = jupyter;
await addStockTslab(jupyter);
const hasPython = (await listKernelspecs()).some(({ name }) => name === "python3");
try {
  await measure({ name: "ictal", label: "ictal", ...JAVASCRIPT });
  await measureLoop();
  await measureImports();
  await printEdits(jupyter);
  await measure({ name: "stock-tslab", label: "tslab 1.0.22, stock", ...JAVASCRIPT });
  if (hasPython) await measure({ name: "python3", label: "ipykernel", ...PYTHON });
  else console.log("ipykernel: not installed");
} finally {
  await rm(jupyter, { recursive: true, force: true });
}
