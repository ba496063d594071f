import { spawnSync } from "node:child_process";
import { createRandom } from "../../src/base/random.js";
import { openExecutor } from "../../src/tensor/open.js";
import { batchNorm } from "../../src/tensor/ops.js";
import { type Program, sizeOf, type TensorSpec } from "../../src/tensor/program.js";
import { type Scalar, type Tensor, type Tensor4D, tf } from "../../src/tensor/tf.js";
import { traceProgram } from "../../src/tensor/trace.js";

/*
 * One training step of a convolution net: 8 windows of 3840 samples, 64 channels, four layers of convolution (5 taps), batch
 * normalization and ReLU, squared error, gradient descent; about 14 GFLOP. The peer is PyTorch on the CPU with the same
 * net and as many threads (ICTAL_PYTHON names the interpreter; without torch the column says so). Wall time, since
 * threads are the point: other load on the machine shows.
 */

const BATCH = 8;
const CHANNELS = 64;
const LENGTH = 3840;
const TAPS = 5;
const LAYERS = 4;
const ROUNDS = 9;
const WARM_UP = 2;

const spec = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });

const state: Record<string, TensorSpec> = { head: spec(1, 1, CHANNELS, 1) };
for (let layer = 0; layer < LAYERS; layer++) {
  state[`filter${layer}`] = spec(1, TAPS, CHANNELS, CHANNELS);
  state[`scale${layer}`] = spec(CHANNELS);
  state[`offset${layer}`] = spec(CHANNELS);
}
const names = Object.keys(state);

function loss(p: Record<string, Tensor>, x: Tensor, y: Tensor): Scalar {
  let h = x;
  for (let layer = 0; layer < LAYERS; layer++) {
    const convolved = tf.conv2d(h as Tensor4D, p[`filter${layer}`] as Tensor4D, 1, "same");
    h = tf.relu(batchNorm(convolved, p[`scale${layer}`]!, p[`offset${layer}`]!).y);
  }
  return tf.mean(tf.squaredDifference(tf.conv2d(h as Tensor4D, p.head as Tensor4D, 1, "same"), y));
}

const program: Program = {
  name: "convolution net",
  identity: { BATCH, CHANNELS, LENGTH, TAPS, LAYERS },
  inputs: { x: spec(BATCH, 1, LENGTH, CHANNELS), y: spec(BATCH, 1, LENGTH, 1), ...state },
  state: names,
  build(inputs) {
    const ofList = (...list: Tensor[]) =>
      loss(Object.fromEntries(names.map((name, i) => [name, list[i]!])), inputs.x!, inputs.y!);
    const { value, grads } = tf.valueAndGrads(ofList)(names.map((name) => inputs[name]!));
    const next = names.map((name, i) => [name, tf.sub(inputs[name]!, tf.mul(grads[i]!, 0.01))]);
    return { loss: value, ...Object.fromEntries(next) };
  },
};

const random = createRandom(1, "step bench");
const normals = (count: number, scale: number) =>
  Float32Array.from({ length: count }, (_, i) => scale * random.normal(i));
const feeds = { x: normals(BATCH * LENGTH * CHANNELS, 1), y: normals(BATCH * LENGTH, 1) };

function initialState(): Record<string, Float32Array> {
  const deviation = Math.sqrt(2 / (CHANNELS * TAPS));
  return Object.fromEntries(
    Object.entries(state).map(([name, { shape }]) => {
      const size = sizeOf(shape);
      if (shape.length > 1) return [name, normals(size, deviation)];
      return [name, new Float32Array(size).fill(name.startsWith("scale") ? 1 : 0)];
    }),
  );
}

const PEER = `
import sys, time, torch
torch.manual_seed(1)
torch.set_num_threads(int(sys.argv[1]))
layers = []
for _ in range(${LAYERS}):
    layers += [torch.nn.Conv1d(${CHANNELS}, ${CHANNELS}, ${TAPS}, padding="same", bias=False), torch.nn.BatchNorm1d(${CHANNELS}), torch.nn.ReLU()]
net = torch.nn.Sequential(*layers, torch.nn.Conv1d(${CHANNELS}, 1, 1, bias=False))
x, y = torch.randn(${BATCH}, ${CHANNELS}, ${LENGTH}), torch.randn(${BATCH}, 1, ${LENGTH})
descent = torch.optim.SGD(net.parameters(), lr=0.01)
times = []
for round in range(${WARM_UP + ROUNDS}):
    start = time.perf_counter()
    descent.zero_grad(); torch.nn.functional.mse_loss(net(x), y).backward(); descent.step()
    times.append(1000 * (time.perf_counter() - start))
print(sorted(times[${WARM_UP}:])[${ROUNDS >> 1}])
`;

/** Median milliseconds of PyTorch, undefined without it. */
function measurePeer(threads: number): number | undefined {
  const python = process.env.ICTAL_PYTHON ?? "python3";
  const { status, stdout } = spawnSync(python, ["-c", PEER, String(threads)], { encoding: "utf8" });
  return status === 0 ? Number(stdout.trim()) : undefined;
}

async function measure(threads: number): Promise<string> {
  const executor = await openExecutor("onnx-cpu", { threads });
  const started = performance.now();
  const compiled = await executor.compile(program);
  const compileMilliseconds = performance.now() - started;
  compiled.setState(initialState());
  const times: number[] = [];
  let last = Number.NaN;
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const start = performance.now();
    last = (await compiled.run(feeds)).loss![0]!;
    if (round >= 0) times.push(performance.now() - start);
  }
  await executor.dispose();
  if (!Number.isFinite(last)) throw new Error("the net gave no number");
  times.sort((a, b) => a - b);
  const median = times[ROUNDS >> 1]!;
  const torch = measurePeer(threads);
  const peer =
    torch === undefined ? "torch n/a" : `torch ${torch.toFixed(0)} ms, ours ${(median / torch).toFixed(2)} x`;
  const spread = `${median.toFixed(0)} (${times[0]!.toFixed(0)} to ${times.at(-1)!.toFixed(0)})`;
  return `onnx-cpu, ${threads} thread${threads > 1 ? "s" : " "}  ${spread.padEnd(22)} ${peer}; compiled in ${compileMilliseconds.toFixed(0)} ms`;
}

const started = performance.now();
const traced = traceProgram(program);
const traceMilliseconds = performance.now() - started;
console.log(
  `${traced.nodeCount} nodes, ${(traced.bytes.length / 1000).toFixed(0)} kB, traced in ${traceMilliseconds.toFixed(0)} ms`,
);
console.log("ms per step, median (least to most)");
for (const threads of [1, 2]) console.log(await measure(threads));
