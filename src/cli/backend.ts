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
  const part = (was: boolean, time: number) => (was ? "was there" : `${time.toFixed(1)} s`);
  return [
    `tensorflow is ready: TensorFlow ${version} (${wheel}), on the ${usesGpu ? "GPU" : "CPU"}, in ${folder}`,
    `wheel ${part(reused.wheel, seconds.wheel)}, addon ${part(reused.addon, seconds.compile)}, check ${seconds.check.toFixed(1)} s`,
    `gradient error ${probe.gradientError.toExponential(1)}, small step ${probe.stepMilliseconds.toFixed(2)} ms`,
    usesGpu
      ? "device: auto may take it"
      : "taken by name only (experiment.device: tensorflow): device: auto takes it for a GPU alone",
  ].join("\n");
}

/** Fetches the parts, then tries the executor; parts that are there but do not work here make exit code 1. */
async function install(name: Exclude<BuildableName, "tensorflow">): Promise<Outcome> {
  const started = performance.now();
  say(`fetching the parts of ${name}`);
  await installParts[name]();
  const seconds = (performance.now() - started) / 1000;
  say("checking its gradients");
  const probe = await probeNamed(name);
  return {
    json: { ...probe, seconds: { install: seconds } },
    text: `the parts of ${name} are there (${seconds.toFixed(1)} s)\n\n${describeExecutors([probe], null)}`,
    exitCode: probe.available ? 0 : 1,
  };
}

async function build(word: string, flags: BuildFlags): Promise<Outcome> {
  const name = BUILDABLE.find((known) => known === word);
  if (!name) throw new UsageError(`there is nothing to build for "${word}"; allowed: ${BUILDABLE.join(", ")}`);
  if (name === "tensorflow") {
    const built = await buildTensorflow({ ...flags, log: say });
    return { json: built, text: describeBuild(built) };
  }
  const wrong = Object.keys(flags).find((flag) => ["wheel", "python", "dir", "force"].includes(flag));
  if (wrong) throw new UsageError(`--${wrong} is for tensorflow only`);
  return install(name);
}

/** Adds `ictal backend list` (the executors) and `ictal backend build` (native parts that `npm ci` does not bring). */
export function addBackendCommand(program: Command): void {
  const backend = program.command("backend").description("the ways to run training and prediction");
  backend
    .command("list")
    .description("list the executors, whether each works here and why not")
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
    .description("get the native parts of an executor that npm ci does not bring, and check its gradients")
    .argument("[name]", "tensorflow (builds its addon against a TensorFlow wheel), webgpu or onnx-cuda", "tensorflow")
    .option(
      "--wheel <wheel>",
      "tensorflow-cpu, tensorflow[and-cuda], each with ==VERSION, or the path of a .whl (default: by whether NVIDIA's driver is here)",
    )
    .option("--python <path>", "Python 3.10 or newer that makes the environment for the wheel (default: python3)")
    .option("--dir <folder>", "where builds lie; executors look into the default only (default: .build/tensorflow)")
    .option("--force", "compile the addon again")
    .option("--json", "print one JSON document")
    .action(action(build));
}
