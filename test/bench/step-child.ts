/** Our side of step.bench.ts: `node step-child.js WORK THREADS WARM_UP ROUNDS` prints one JSON line, as step_peer.py does. */
import { openExecutor } from "../../src/tensor/open.js";
import { WORKS } from "./step-works.js";

const [name, threads, warmUp, rounds] = process.argv.slice(2);
const work = WORKS[name!]!();
const executor = await openExecutor("onnx-cpu", { threads: Number(threads) });
const started = performance.now();
const compiled = await executor.compile(work.program);
const readySeconds = (performance.now() - started) / 1000;
compiled.setState(work.state());

const wallSeconds: number[] = [];
const cpuSeconds: number[] = [];
for (let round = -Number(warmUp); round < Number(rounds); round++) {
  const start = performance.now();
  const before = process.cpuUsage();
  for (let run = 0; run < work.runs; run++) await compiled.run(work.feeds);
  if (round < 0) continue;
  const { user, system } = process.cpuUsage(before);
  wallSeconds.push((performance.now() - start) / 1000);
  cpuSeconds.push((user + system) / 1e6);
}
const peakBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ readySeconds, wallSeconds, cpuSeconds, peakBytes })}\n`);
await executor.dispose();
