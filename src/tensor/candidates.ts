import { existsSync } from "node:fs";
import { join } from "node:path";
import { openEagerExecutor } from "./eager-executor.js";
import { neededLibraries } from "./needed-libraries.js";
import { type OnnxExecutorName, openOnnxExecutor } from "./onnx-executor.js";
import { missingLibraries, packageDir } from "./optional.js";
import type { Executor, ExecutorName } from "./program.js";
import {
  describeTensorflow,
  loadTensorflow,
  TENSORFLOW_BACKEND,
  tensorflowBuiltForCpu,
  tensorflowMissing,
  tensorflowWithoutGpu,
} from "./tensorflow/backend.js";
import { loadWasm, WASM_BACKEND, wasmMissing } from "./wasm-backend.js";
import { loadWebgpu, vulkanMissing, WEBGPU_BACKEND, webgpuMissing, webgpuWithoutGpu } from "./webgpu-backend.js";

export interface OpenOptions {
  /** Threads inside one operation, for the executors on ONNX Runtime. @default os.availableParallelism() */
  readonly threads?: number | undefined;
  /** Ends the search for an executor with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An open executor, and why it lacks what its name implies (a GPU backend without a GPU). */
export interface OpenedExecutor {
  readonly executor: Executor;
  /** Whether it computes on a GPU; undefined where its runtime does not say. */
  readonly usesGpu: boolean | undefined;
  readonly shortcoming?: string | undefined;
  /** What it runs on, where one name has several. */
  readonly detail?: string | undefined;
}

export interface Candidate {
  /** Why it cannot be opened and how to get it, found without loading anything; undefined when it is worth a try. */
  missing(): string | undefined;
  /** Why it certainly does not use a GPU, found without loading anything. */
  withoutGpu?(): string | undefined;
  open(options: OpenOptions): Promise<OpenedExecutor>;
}

/** Libraries that the CUDA provider opens itself, besides those that its file declares. */
const OPENED_BY_CUDA_PROVIDER = ["libcudnn.so.9"];

function onnxDir(): string | undefined {
  const dir = packageDir("onnxruntime-node");
  return dir && join(dir, "bin/napi-v6", process.platform, process.arch);
}

function onnxMissing(): string | undefined {
  const dir = onnxDir();
  if (!dir) return "the package onnxruntime-node is not installed: npm ci";
  if (existsSync(join(dir, "onnxruntime_binding.node"))) return undefined;
  return `onnxruntime-node has no library for ${process.platform} ${process.arch}`;
}

function onnxCudaMissing(): string | undefined {
  const absent = onnxMissing();
  const dir = onnxDir();
  if (absent || !dir) return absent;
  if (process.platform !== "linux" || process.arch !== "x64")
    return "onnxruntime-node has a CUDA provider for Linux x64 only";
  const provider = join(dir, "libonnxruntime_providers_cuda.so");
  if (!existsSync(provider)) {
    return (
      'the CUDA provider of onnxruntime-node is not installed: run "npx ictal backend build onnx-cuda" where NuGet can be ' +
      "reached (it needs CUDA 12 and cuDNN 9)"
    );
  }
  const needed = neededLibraries(provider).filter((name) => !name.startsWith("libonnxruntime")); // those are in its folder
  const libraries = missingLibraries([...needed, ...OPENED_BY_CUDA_PROVIDER]);
  if (libraries.length === 0) return undefined;
  const version = needed.map((name) => /^libcudart\.so\.(\d+)/.exec(name)?.[1]).find(Boolean) ?? "12";
  return `cannot be found: ${libraries.join(", ")} (the GPU driver, CUDA ${version} and cuDNN 9 have them; LD_LIBRARY_PATH may name their folder)`;
}

function onnx(name: OnnxExecutorName, usesGpu: boolean | undefined, missing: () => string | undefined): Candidate {
  return { missing, open: async (options) => ({ executor: await openOnnxExecutor(name, options), usesGpu }) };
}

/** How each executor is found and opened. */
export const CANDIDATES: Readonly<Record<ExecutorName, Candidate>> = {
  "onnx-cuda": onnx("onnx-cuda", true, onnxCudaMissing),
  tensorflow: {
    missing: tensorflowMissing,
    withoutGpu: tensorflowBuiltForCpu,
    async open() {
      const loaded = loadTensorflow();
      return {
        executor: openEagerExecutor("tensorflow", TENSORFLOW_BACKEND),
        usesGpu: loaded.usesGpu,
        shortcoming: tensorflowWithoutGpu(loaded),
        detail: describeTensorflow(loaded),
      };
    },
  },
  webgpu: {
    missing: webgpuMissing,
    async open() {
      const info = await loadWebgpu();
      return {
        executor: openEagerExecutor("webgpu", WEBGPU_BACKEND),
        usesGpu: !info.isFallbackAdapter,
        shortcoming: webgpuWithoutGpu(info),
        detail: info.description,
      };
    },
  },
  "onnx-webgpu": onnx("onnx-webgpu", undefined, () => onnxMissing() ?? vulkanMissing()),
  "onnx-cpu": onnx("onnx-cpu", false, onnxMissing),
  wasm: {
    missing: wasmMissing,
    async open() {
      await loadWasm();
      return { executor: openEagerExecutor("wasm", WASM_BACKEND), usesGpu: false };
    },
  },
  cpu: {
    missing: () => undefined,
    open: async () => ({ executor: openEagerExecutor("cpu", "cpu"), usesGpu: false }),
  },
};
