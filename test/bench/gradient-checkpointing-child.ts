/** `node gradient-checkpointing-child.js EXECUTOR on|off STEPS`: training steps of a Bi-Mamba-2 detector; prints one JSON line. */
import { createRandom } from "../../src/base/random.js";
import { createDetector, logitCount } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { openExecutor } from "../../src/tensor/open.js";
import { createTrainProgram, initialState } from "../../src/training/train-program.js";

const [name, setting, steps] = process.argv.slice(2);
const BATCH = 4;
const SAMPLES = 15360;
const detector = createDetector({ name: "seizure_detector", baseChannels: 8, stages: 4, mambaLayers: 4, headSize: 32 });
const train = createTrainProgram(detector, {
  batchSize: BATCH,
  sampleCount: SAMPLES,
  gradientCheckpointing: setting === "on",
});
const random = createRandom(1, "recompute bench");
const logits = BATCH * logitCount(detector, SAMPLES);
const x = Float32Array.from({ length: BATCH * detector.inputChannels * SAMPLES }, (_, i) => random.normal(i));
const labels = Float32Array.from({ length: logits }, (_, i) => (random.uniform(i) < 0.3 ? 1 : 0));
const mask = new Float32Array(logits).fill(1);

const executor = await openExecutor(name!, { threads: 2 });
const compiled = await executor.compile(train.program);
compiled.setState(
  train.packState(initialState(detector, initialValues([...detector.parameters, ...detector.buffers], 1))),
);
const cpuSeconds: number[] = [];
let loss = 0;
for (let step = 0; step < Number(steps); step++) {
  const before = process.cpuUsage();
  const feeds = train.feeds({ seed: 1, step, updates: step, learningRate: 1e-3 });
  const results = await compiled.run({ x, labels, mask, ...feeds });
  loss = results.loss![0]!;
  const { user, system } = process.cpuUsage(before);
  cpuSeconds.push((user + system) / 1e6);
}
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ cpuSeconds, peakBytes, loss })}\n`);
await executor.dispose();
