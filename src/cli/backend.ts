import { action, type Outcome, UsageError } from "@ictal/base/action";
import { notify } from "@ictal/base/printable";
import type { Command } from "commander";
import { installParts } from "../tensor/install-parts.js";
import { chooseExecutor, probeExecutors, probeNamed } from "../tensor/open.js";
import { type BuiltTensorflow, buildTensorflow } from "../tensor/tensorflow/build.js";
import { describeExecutors } from "./executor-table.js";

const BUILDABLE = ["tensorflow", "webgpu", "onnx-cuda"] as const;
type BuildableName = (typeof BUILDABLE)[number];

interface BuildFlags {
  readonly wheel?: string;
  readonly python?: string;
  readonly dir?: string;
  readonly force?: boolean;
}

const say = (line: string) => notify(`ictal backend build: ${line}`);

function describeBuild({ wheel, version, usesGpu, folder, reused, seconds, ...probe }: BuiltTensorflow): string {
  const part = (was: boolean, time: number) => (was ? "reused" : `${time.toFixed(1)} s`);
  return [
    `tensorflow is ready: TensorFlow ${version} (${wheel}), on the ${usesGpu ? "GPU" : "CPU"}, in ${folder}`,
    `wheel ${part(reused.wheel, seconds.wheel)}, addon ${part(reused.addon, seconds.compile)}, check ${seconds.check.toFixed(1)} s`,
    `gradient error ${probe.gradientError.toExponential(1)}, small step ${probe.stepMilliseconds.toFixed(2)} ms`,
    usesGpu
      ? "device: auto may select it"
      : "select it by name (experiment.device: tensorflow): device: auto only selects it for a GPU",
  ].join("\n");
}

/** Downloads the parts, then tests the executor; exit code 1 when it does not work on this machine. */
async function install(name: Exclude<BuildableName, "tensorflow">): Promise<Outcome> {
  const started = performance.now();
  say(`downloading the parts of ${name}`);
  await installParts[name]();
  const seconds = (performance.now() - started) / 1000;
  say("checking its gradients");
  const probe = await probeNamed(name);
  return {
    json: { ...probe, seconds: { install: seconds } },
    text: `the parts of ${name} are installed (${seconds.toFixed(1)} s)\n\n${describeExecutors([probe], null)}`,
    exitCode: probe.available ? 0 : 1,
  };
}

async function build(word: string, flags: BuildFlags): Promise<Outcome> {
  const name = BUILDABLE.find((known) => known === word);
  if (!name)
    throw new UsageError(`invalid executor: "${word}" has nothing to build; allowed are ${BUILDABLE.join(", ")}`);
  if (name === "tensorflow") {
    const built = await buildTensorflow({ ...flags, log: say });
    return { json: built, text: describeBuild(built) };
  }
  const wrong = Object.keys(flags).find((flag) => ["wheel", "python", "dir", "force"].includes(flag));
  if (wrong) throw new UsageError(`--${wrong} is only allowed for tensorflow`);
  return install(name);
}

/** Adds `ictal backend list` (the executors) and `ictal backend build` (native parts that `npm ci` does not bring). */
export function addBackendCommand(program: Command): void {
  const backend = program
    .command("backend")
    .description("list and build executors, the backends of training and prediction");
  backend
    .command("list")
    .description("list the executors, whether each is available on this machine, and why not")
    .option("--json", "print one JSON document")
    .action(
      action(async () => {
        const executors = await probeExecutors();
        const chosen = chooseExecutor(executors) ?? null;
        return { json: { executors, chosen }, text: describeExecutors(executors, chosen) };
      }),
    );
  backend
    .command("build")
    .description(
      "download or compile the native parts of an executor that npm ci does not install, and check its gradients",
    )
    .argument("[name]", "tensorflow (builds its addon against a TensorFlow wheel), webgpu or onnx-cuda", "tensorflow")
    .option(
      "--wheel <wheel>",
      "tensorflow-cpu, tensorflow[and-cuda], each with ==VERSION, or the path of a .whl (default: depends on whether an NVIDIA driver is installed)",
    )
    .option(
      "--python <path>",
      "Python 3.10 or newer that creates the virtual environment for the wheel (default: python3)",
    )
    .option("--dir <folder>", "build folder; executors only search the default (default: .build/tensorflow)")
    .option("--force", "compile the addon again")
    .option("--json", "print one JSON document")
    .action(action(build));
}
