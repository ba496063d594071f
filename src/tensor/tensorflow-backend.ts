import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { missingLibraries, packageFolder, requireOptional } from "./optional.js";
import { type KernelBackend, tf } from "./tf.js";

/**
 * tfjs's native backend (@tensorflow/tfjs-node-gpu 4.22, TensorFlow 2.9.1 for CUDA 11.2). Its own entry point looks for the
 * addon by way of node-pre-gyp and calls functions that Node 23 removed; we load the addon and the backend class ourselves.
 */

const PACKAGE = "@tensorflow/tfjs-node-gpu";
/** The name under which tfjs and the package's kernels know the backend. */
export const TENSORFLOW_BACKEND = "tensorflow";
const CUDA_LIBRARIES = ["libcudart.so.11.0", "libcudnn.so.8"];

const HOW_TO_GET =
  `run "npm rebuild ${PACKAGE} --ignore-scripts=false" where its download can be reached ` +
  "(TensorFlow 2.9.1; the GPU needs CUDA 11.2 and cuDNN 8.1)";

interface Addon {
  isUsingGpuDevice(): boolean;
}

type NodeBackendClass = new (addon: Addon, packageName: string) => KernelBackend;

/** The addon built for the newest Node-API, i.e. `lib/napi-vN/tfjs_binding.node` with the greatest N. */
export function findAddon(folder: string): string | undefined {
  const lib = join(folder, "lib");
  if (!existsSync(lib)) return undefined;
  const version = (entry: string) => Number(/^napi-v(\d+)$/.exec(entry)?.[1] ?? 0);
  return readdirSync(lib)
    .filter((entry) => version(entry) > 0)
    .sort((a, b) => version(b) - version(a))
    .map((entry) => join(lib, entry, "tfjs_binding.node"))
    .find((path) => existsSync(path));
}

/** Why the native backend cannot be loaded and what to do, or undefined when its files are there. */
export function tensorflowMissing(): string | undefined {
  const folder = packageFolder(PACKAGE);
  if (!folder) return `the package ${PACKAGE} is not installed: npm install ${PACKAGE}@4.22.0, then ${HOW_TO_GET}`;
  if (!findAddon(folder)) return `the native addon of ${PACKAGE} is not there: ${HOW_TO_GET}`;
  return undefined;
}

/** What keeps the native backend off the GPU, or undefined when it uses one. Needs `loadTensorflow`. */
export function tensorflowWithoutGpu(usesGpu: boolean): string | undefined {
  if (usesGpu) return undefined;
  const missing = missingLibraries(CUDA_LIBRARIES);
  if (missing.length === 0) return "TensorFlow 2.9 found no GPU it can use";
  return `TensorFlow 2.9 runs on the CPU because ${missing.join(" and ")} cannot be found (CUDA 11.2 and cuDNN 8.1 have them)`;
}

/** `util.isNullOrUndefined` and `util.isArray`, which the package calls and Node 23 no longer has. */
function restoreUtilFunctions(): void {
  const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

/** Load the addon and make the backend known to tfjs; says whether it computes on a GPU. Throws what the loader throws. */
export function loadTensorflow(): { usesGpu: boolean } {
  const folder = packageFolder(PACKAGE)!;
  restoreUtilFunctions();
  const addon = requireOptional<Addon>(findAddon(folder)!);
  if (!tf.engine().findBackend(TENSORFLOW_BACKEND)) {
    requireOptional(join(folder, "dist/register_all_kernels.js"));
    const { NodeJSKernelBackend } = requireOptional<{ NodeJSKernelBackend: NodeBackendClass }>(
      join(folder, "dist/nodejs_kernel_backend.js"),
    );
    tf.registerBackend(TENSORFLOW_BACKEND, () => new NodeJSKernelBackend(addon, PACKAGE));
  }
  return { usesGpu: addon.isUsingGpuDevice() };
}
