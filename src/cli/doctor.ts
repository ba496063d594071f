import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, totalmem } from "node:os";
import { action } from "@ictal/base/action";
import type { Command } from "commander";
import { type KernelChoice, kernelsInUse } from "../signal/choose-kernels.js";
import { chooseExecutor, type ExecutorProbe, probeExecutors } from "../tensor/open.js";
import { describeExecutors } from "./executor-table.js";

const require = createRequire(import.meta.url);

/** What `ictal doctor --json` prints. NaN figures (an executor that is not available) become null in JSON. */
interface DoctorReport {
  readonly node: string;
  readonly platform: string;
  readonly processors: number;
  readonly memoryBytes: number;
  readonly versions: Readonly<Record<string, string | null>>;
  /** The loops of the signal chain. */
  readonly signalKernels: KernelChoice;
  readonly executors: readonly ExecutorProbe[];
  /** What `device: auto` takes; null when nothing fit for training works. */
  readonly chosen: string | null;
}

/** The installed version of a package, null when it is absent. */
function installedVersion(name: string): string | null {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, "utf8")) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return null;
}

async function examine(): Promise<DoctorReport> {
  const executors = await probeExecutors();
  const packages = ["@tensorflow/tfjs", "onnxruntime-node", "zeromq"];
  return {
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    versions: Object.fromEntries(packages.map((name) => [name, installedVersion(name)])),
    signalKernels: kernelsInUse(),
    executors,
    chosen: chooseExecutor(executors) ?? null,
  };
}

function describeKernels({ name, reason }: KernelChoice): string {
  if (name === "wasm") return "signal chain: WebAssembly SIMD kernels";
  return `signal chain: TypeScript kernels, the same results at a third of the speed (WebAssembly kernels ${reason})`;
}

function describe(report: DoctorReport): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version ?? "not installed"}`);
  const memory = `${(report.memoryBytes / 2 ** 30).toFixed(1)} GiB of memory`;
  const machine = `Node ${report.node}, ${report.platform}, ${report.processors} processors, ${memory}`;
  const table = describeExecutors(report.executors, report.chosen);
  return `${machine}\n${versions.join(", ")}\n${describeKernels(report.signalKernels)}\n\n${table}`;
}

/** Adds `ictal doctor`: what works on this machine. */
export function addDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("test every executor on this machine, and print how to install those that do not work")
    .option("--json", "print one JSON document")
    .action(
      action(async () => {
        const report = await examine();
        return { json: report, text: describe(report), exitCode: report.chosen === null ? 1 : 0 };
      }),
    );
}
