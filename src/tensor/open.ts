import { ConfigError, UnsupportedError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import { ownValue } from "@ictal/base/records";
import { CANDIDATES, type OpenOptions } from "./candidates.js";
import { GRADIENT_TOLERANCE, probeExecutor } from "./probe.js";
import { EXECUTOR_NAMES, type Executor, type ExecutorName } from "./program.js";
import { choiceOnce } from "./told-choice.js";

export type { OpenOptions } from "./candidates.js";

/** A GPU, else the CPU executor fit for training. */
const AUTO: readonly ExecutorName[] = ["onnx-cuda", "tensorflow", "webgpu", "onnx-cpu"];

/** Devices that mean the first of several executors that works; none of them stands for the slow `cpu`, or for `onnx-webgpu`, which cannot tell a GPU from a driver that computes on the CPU. */
const DEVICE_GROUPS: Readonly<Record<string, readonly ExecutorName[]>> = {
  auto: AUTO,
  cuda: ["onnx-cuda", "tensorflow"],
  mps: ["webgpu"],
};

/** What `device` may be. */
export const DEVICES: readonly string[] = [...Object.keys(DEVICE_GROUPS), ...EXECUTOR_NAMES];

/** The state of one executor on this machine; figures are NaN where it is not available. */
export interface ExecutorProbe {
  readonly name: ExecutorName;
  readonly available: boolean;
  /** Why it is not available and how to get it; for an available one what is remarkable about it, or "". */
  readonly reason: string;
  /** What an available one runs on, where one name has several, e.g. "TensorFlow 2.21.0, built here with …, on the CPU". */
  readonly detail?: string | undefined;
  /** Whether an available one computes on a GPU; undefined where its runtime does not say (onnx-webgpu). */
  readonly usesGpu?: boolean | undefined;
  /** Greatest relative difference of a small gradient from the same in double precision. */
  readonly gradientError: number;
  /** Time of that small step. */
  readonly stepMilliseconds: number;
}

interface Trial extends ExecutorProbe {
  /** Left open for the caller when the executor is available. */
  readonly executor?: Executor;
}

/** The first line of an error's message: native libraries append their stack. */
function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n", 1).join();
}

async function tryExecutor(name: ExecutorName, options: OpenOptions): Promise<Trial> {
  const failed = { name, available: false, gradientError: Number.NaN, stepMilliseconds: Number.NaN };
  options.signal?.throwIfAborted();
  const missing = CANDIDATES[name].missing();
  if (missing) return { ...failed, reason: missing };
  try {
    const { executor, usesGpu, shortcoming, detail } = await CANDIDATES[name].open(options);
    const result = await probeExecutor(executor, options).catch(async (error: unknown) => {
      await executor.dispose();
      throw error;
    });
    if (result.gradientError <= GRADIENT_TOLERANCE)
      return { name, available: true, reason: shortcoming ?? "", detail, usesGpu, ...result, executor };
    await executor.dispose();
    return { ...failed, ...result, reason: `its gradients are wrong by ${result.gradientError.toExponential(1)}` };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { ...failed, reason: firstLine(error) };
  }
}

/** Try every executor on this machine with a small gradient; one after another, so that their times are comparable. */
export async function probeExecutors(options: OpenOptions = {}): Promise<ExecutorProbe[]> {
  const probes: ExecutorProbe[] = [];
  for (const name of EXECUTOR_NAMES) probes.push(await probeNamed(name, options));
  return probes;
}

/** Try one executor on this machine with a small gradient. */
export async function probeNamed(name: ExecutorName, options: OpenOptions = {}): Promise<ExecutorProbe> {
  const { executor, ...probe } = await tryExecutor(name, options);
  await executor?.dispose();
  return probe;
}

/** The executor that `auto` would take of these, or undefined. */
export function chooseExecutor(probes: readonly ExecutorProbe[]): ExecutorName | undefined {
  return AUTO.find((name) => probes.some((probe) => probe.name === name && isChoosable(probe)));
}

/** One with a shortcoming, a GPU backend that found no GPU, is not chosen for a group: that would be a silent fall back to the CPU. */
function isChoosable(probe: ExecutorProbe): boolean {
  return probe.available && probe.reason === "";
}

/** An executor with one line on why it is this one. */
export type ChosenExecutor = Executor & {
  /** What was chosen, and why the others before it were skipped. */
  readonly choice: string;
  /** Whether it computes on a GPU: its name may promise one that a build or driver for the CPU stands in for. Undefined where its runtime does not say (onnx-webgpu). */
  readonly usesGpu: boolean | undefined;
};

async function openNamed(name: ExecutorName, options: OpenOptions): Promise<ChosenExecutor> {
  const { executor, usesGpu, reason, detail } = await tryExecutor(name, options);
  if (!executor) throw new UnsupportedError(`device ${name} is not available: ${reason}`);
  const remarks = [detail, reason].filter(Boolean).map((remark) => `; ${remark}`);
  return { ...executor, usesGpu, choice: `${name}, as asked for${remarks.join("")}` };
}

/** The reason without the advice behind it. */
function shortReason(reason: string): string {
  return reason.split(": ", 1).join();
}

async function openFirst(
  device: string,
  names: readonly ExecutorName[],
  options: OpenOptions,
): Promise<ChosenExecutor> {
  const skipped: Pick<Trial, "name" | "reason">[] = [];
  for (const name of names) {
    const withoutGpu = CANDIDATES[name].withoutGpu?.();
    if (withoutGpu) {
      skipped.push({ name, reason: withoutGpu });
      continue;
    }
    const trial = await tryExecutor(name, options);
    if (trial.executor && isChoosable(trial)) {
      const others = skipped.map((other) => `${other.name} (${shortReason(other.reason)})`).join(", ");
      const taken = trial.detail ? `${name} (${trial.detail})` : name;
      const choice = choiceOnce(others ? `${taken}; skipped: ${others}` : taken);
      return { ...trial.executor, usesGpu: trial.usesGpu, choice };
    }
    await trial.executor?.dispose();
    skipped.push(trial);
  }
  const reasons = skipped.map((trial) => `\n  ${trial.name}: ${trial.reason}`).join("");
  throw new UnsupportedError(
    `no executor for device ${device} works here:${reasons}\nThe slow executor "cpu" is never chosen automatically: set device to cpu to use it`,
  );
}

/**
 * Open the executor called `device`, or for "auto" ("cuda", "mps") the first of its group that passes a gradient check:
 * one on a GPU if there is any, else onnx-cpu. A named one has to pass the check too. Throws UnsupportedError, with how to get it, for one that this machine
 * lacks; ConfigError for an unknown name.
 */
export async function openExecutor(device: string, options: OpenOptions = {}): Promise<ChosenExecutor> {
  const group = ownValue(DEVICE_GROUPS, device);
  if (group) return openFirst(device, group, options);
  const name = EXECUTOR_NAMES.find((known) => known === device);
  if (name) return openNamed(name, options);
  const nearest = nearestName(device, DEVICES);
  const hint = nearest ? `, did you mean ${nearest}?` : ";";
  const allowed = DEVICES.join(", ");
  throw new ConfigError(`unknown device ${JSON.stringify(device)}${hint} allowed: ${allowed}`, {
    key: "device",
    value: device,
    allowed,
    nearest,
  });
}
