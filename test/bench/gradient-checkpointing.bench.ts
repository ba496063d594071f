import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { probeExecutors } from "../../src/tensor/open.js";

/*
 * What gradient checkpointing (computing Mamba-2 blocks again in the backward pass) costs and saves: processor time of a
 * step and peak memory of a detector of 4 bidirectional layers, batches of 4 windows of 60 s, by executor. Each
 * measurement has a process of its own.
 */

const STEPS = 3;
const child = fileURLToPath(new URL("gradient-checkpointing-child.js", import.meta.url));

interface Measured {
  readonly cpuSeconds: number[];
  readonly peakBytes: number;
  readonly loss: number;
}

function measured(executor: string, setting: "on" | "off"): Measured | string {
  const run = spawnSync(process.execPath, [child, executor, setting, String(STEPS)], { encoding: "utf8" });
  if (run.status === 0) return JSON.parse(run.stdout.trim().split("\n").at(-1)!) as Measured;
  return /Error: (.*)/.exec(run.stderr)?.[1] ?? `ended with ${run.signal ?? run.status}`;
}

const available = (await probeExecutors()).filter(({ available: isThere }) => isThere).map(({ name }) => name);
console.log("executor      checkpointing  CPU s/step  peak GB  loss of step 3");
for (const name of available.filter((each) => each !== "cpu" && each !== "onnx-webgpu")) {
  for (const setting of ["off", "on"] as const) {
    const found = measured(name, setting);
    const values =
      typeof found === "string"
        ? found
        : `${Math.min(...found.cpuSeconds)
            .toFixed(2)
            .padStart(10)}${(found.peakBytes / 1e9).toFixed(2).padStart(9)}  ${found.loss.toFixed(6)}`;
    console.log(`${name.padEnd(14)}${setting.padEnd(9)}  ${values}`);
  }
}
