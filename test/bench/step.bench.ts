import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { trainingEnvironment } from "../../src/training/child-environment.js";
import { WORKS } from "./step-works.js";

/*
 * Training steps and inference beside PyTorch on the CPU with the same mathematics and as many threads
 * (ICTAL_TORCH_PYTHON names an interpreter with torch; without it the peer's columns say so). Each measurement has a
 * process of its own, ours and the peer's in turn, so that peaks of memory are true and other load hits both alike. Wall
 * time shows other load on the machine; the time of the processors shows less of it. Ours has the environment of the
 * training process. ICTAL_STEP_WORKS picks works by name.
 */

const THREADS = 2;
/** Measurements per process and their warm-up. */
const ROUNDS: Record<string, [warmUp: number, rounds: number]> = {
  convolutions: [2, 9],
  mamba: [2, 7],
  detector: [1, 3],
  hour: [0, 1],
};
const TURNS = 2;

interface Measured {
  readonly readySeconds: number;
  readonly wallSeconds: number[];
  readonly cpuSeconds: number[];
  readonly peakBytes: number;
}

function measured(command: string, args: string[], env = process.env): Measured | undefined {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env });
  if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1)!) as Measured;
  process.stderr.write(stderr.slice(-2000));
  return undefined;
}

const child = fileURLToPath(new URL("step-child.js", import.meta.url));
const peerScript = fileURLToPath(new URL("../../../test/bench/step_peer.py", import.meta.url));
const python = process.env.ICTAL_TORCH_PYTHON;

function least(runs: Measured[], pick: (run: Measured) => number[]): number {
  return Math.min(...runs.flatMap(pick));
}

function median(runs: Measured[], pick: (run: Measured) => number[]): number {
  const all = runs.flatMap(pick).sort((a, b) => a - b);
  return all[all.length >> 1]!;
}

function line(label: string, runs: Measured[]): string {
  const wall = (run: Measured) => run.wallSeconds;
  const cpu = (run: Measured) => run.cpuSeconds;
  const seconds = [least(runs, wall), median(runs, wall), median(runs, cpu)].map((value) =>
    value.toFixed(3).padStart(9),
  );
  const peak = (Math.max(...runs.map((run) => run.peakBytes)) / 1e9).toFixed(2);
  const ready = Math.min(...runs.map((run) => run.readySeconds)).toFixed(2);
  return `  ${label.padEnd(10)}${seconds.join("")}${peak.padStart(9)}${ready.padStart(9)}`;
}

function compare(name: string): void {
  const args = [name, String(THREADS), ...ROUNDS[name]!.map(String)];
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const own = measured(process.execPath, [child, ...args], trainingEnvironment());
    if (!own) throw new Error(`${name} could not be measured`);
    ours.push(own);
    const peer = python ? measured(python, ["-P", peerScript, ...args]) : undefined;
    if (peer) theirs.push(peer);
  }
  console.log(`${name}, ${THREADS} threads`);
  console.log("              least   median  CPU med  peak GB  ready s");
  console.log(line("onnx-cpu", ours));
  if (theirs.length === 0) {
    console.log(`  torch     n/a (${python ? "it failed" : "ICTAL_TORCH_PYTHON is not set"})`);
    return;
  }
  console.log(line("torch", theirs));
  const ratio = (of: typeof least, pick: (run: Measured) => number[]) => (of(ours, pick) / of(theirs, pick)).toFixed(2);
  const wall = (run: Measured) => run.wallSeconds;
  const cpu = (run: Measured) => run.cpuSeconds;
  console.log(
    `  ratio     ${ratio(least, wall).padStart(9)}${ratio(median, wall).padStart(9)}${ratio(median, cpu).padStart(9)}`,
  );
}

const wanted = process.env.ICTAL_STEP_WORKS?.split(",") ?? Object.keys(WORKS);
for (const name of wanted) {
  if (!(name in WORKS))
    throw new Error(`ICTAL_STEP_WORKS: no work ${name}; there are ${Object.keys(WORKS).join(", ")}`);
  compare(name);
}
