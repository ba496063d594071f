import { spawnSync } from "node:child_process";
import { createRandom } from "../../src/base/random.js";
import { type ChainOptions, createChain, DEFAULT_CHAIN, REFERENCE_CHAIN } from "../../src/signal/chain.js";
import { EAR_ELECTRODES, ELECTRODES_19 } from "../../src/signal/electrodes.js";

/*
 * CPU time of one recording of 20 minutes, 21 signals at 250 Hz in, 19 or more channels at 256 Hz out, in blocks of 10 s.
 * The peer is scipy on the same machine (float64, whole recording, one thread): resample_poly or resample, then sosfilt or
 * sosfiltfilt. Without Python and scipy the column says so.
 */

const RATE_HZ = 250;
const SAMPLES = 20 * 60 * RATE_HZ;
const BLOCK = 10 * RATE_HZ;
const ROUNDS = 7;
const electrodes = [...ELECTRODES_19, ...EAR_ELECTRODES];
const random = createRandom(1, "signal bench");
const noise = Float32Array.from({ length: SAMPLES }, (_, i) => 50 * random.normal(i));
const inputs = electrodes.map((_, e) => noise.map((value) => value + 100 * e));

let sink = 0;

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function runChain(options: ChainOptions, kernels?: "typescript"): void {
  const chain = createChain(options, { sampleRateHz: RATE_HZ, electrodes, ...(kernels && { kernels }) });
  for (let from = 0; from < SAMPLES; from += BLOCK) {
    sink += chain.push(inputs.map((input) => input.subarray(from, from + BLOCK)))[0]![0] ?? 0;
  }
  sink += chain.flush()[0]![0] ?? 0;
}

interface Timing {
  readonly least: number;
  readonly median: number;
  readonly most: number;
}

function measure(work: () => void): Timing {
  const times: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const start = cpuMilliseconds();
    work();
    if (round >= 0) times.push(cpuMilliseconds() - start);
  }
  times.sort((a, b) => a - b);
  return { least: times[0]!, median: times[ROUNDS >> 1]!, most: times.at(-1)! };
}

const PEER = `
import time, sys, numpy as np
from scipy import signal
x = np.random.default_rng(1).normal(0, 50, (19, ${SAMPLES}))
band = signal.butter(3, [0.5, 120], "bandpass", fs=256, output="sos")
notch = np.array([np.concatenate(signal.iirnotch(60, 30, fs=256))])
both = np.vstack([band, notch])
poly = lambda: signal.resample_poly(x, 128, 125, axis=1)
fourier = lambda: signal.resample(x, ${Math.round((SAMPLES * 256) / RATE_HZ)}, axis=1)
causal = lambda y: signal.sosfilt(both, y, axis=1)
zero = lambda y: signal.sosfiltfilt(notch, signal.sosfiltfilt(band, y, axis=1), axis=1)
for work in [lambda: causal(poly()), lambda: zero(poly()), lambda: causal(fourier())]:
    times = []
    for _ in range(5):
        start = time.process_time(); work(); times.append(time.process_time() - start)
    print(1000 * sorted(times)[2])
`;

/** Median milliseconds of scipy for causal, zero phase and Fourier, or nothing. */
function measurePeer(): number[] {
  const { status, stdout } = spawnSync(process.env.ICTAL_PYTHON ?? "python3", ["-c", PEER], {
    encoding: "utf8",
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  return status === 0 ? stdout.trim().split("\n").map(Number) : [];
}

const peer = measurePeer();
const cases: [string, ChainOptions, number | undefined, "typescript"?][] = [
  ["causal, as recorded (default)", DEFAULT_CHAIN, peer[0]],
  ["the same by the TypeScript twins", DEFAULT_CHAIN, peer[0], "typescript"],
  ["causal, average reference", { ...DEFAULT_CHAIN, reference: "average" }, peer[0]],
  ["causal, tcp22", { ...DEFAULT_CHAIN, reference: "tcp22" }, peer[0]],
  ["zero phase", { ...DEFAULT_CHAIN, phase: "zero" }, peer[1]],
  ["reference preset", REFERENCE_CHAIN, peer[2]],
];
console.log(`20 minutes, ${electrodes.length} signals, ${RATE_HZ} to 256 Hz: CPU ms, median (least to most)`);
for (const [name, options, scipy, kernels] of cases) {
  const { least, median, most } = measure(() => runChain(options, kernels));
  const ratio =
    scipy === undefined ? "scipy n/a" : `scipy ${scipy.toFixed(0)} ms, ours ${(median / scipy).toFixed(2)} x`;
  console.log(`${name.padEnd(32)} ${median.toFixed(0)} (${least.toFixed(0)} to ${most.toFixed(0)})   ${ratio}`);
}
if (!Number.isFinite(sink)) throw new Error("the chain gave no number");
