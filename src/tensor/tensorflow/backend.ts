import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { UnsupportedError } from "@ictal/base/errors";
import { missingLibraries, packageDir, requireOptional } from "../optional.js";
import { type KernelBackend, tf } from "../tf.js";
import { ADDON, currentBuild, type TensorflowBuild } from "./builds.js";

/**
 * tfjs's native backend (@tensorflow/tfjs-node-gpu 4.22), on the addon that was built here against a current TensorFlow, else
 * on the published one (TensorFlow 2.9.1 for CUDA 11.2). The package's own entry point looks for the addon by way of
 * node-pre-gyp and calls functions that Node 23 removed; we load the addon and the backend class ourselves.
 */

export const PACKAGE = "@tensorflow/tfjs-node-gpu";
/** The name under which tfjs and the package's kernels know the backend. */
export const TENSORFLOW_BACKEND = "tensorflow";
const CUDA_LIBRARIES = ["libcudart.so.11.0", "libcudnn.so.8"];

const HOW_TO_BUILD =
  'run "npx ictal backend build tensorflow" (a current TensorFlow from PyPI; needs Python and a C++ compiler)';
const HOW_TO_GET =
  `${HOW_TO_BUILD}, or for the published one, TensorFlow 2.9.1 for CUDA 11.2 and cuDNN 8.1, "npm rebuild ${PACKAGE} ` +
  '--ignore-scripts=false" where its download can be reached';

interface Addon {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

type NodeBackendClass = new (addon: Addon, packageName: string) => KernelBackend;

/** An addon that can be loaded, and the build it belongs to unless it is the published one. */
interface AddonFile {
  readonly path: string;
  readonly build?: TensorflowBuild | undefined;
}

/** The addon built for the newest Node-API, i.e. `lib/napi-vN/tfjs_binding.node` with the greatest N. */
export function findPublishedAddon(dir: string): string | undefined {
  const lib = join(dir, "lib");
  if (!existsSync(lib)) return undefined;
  const version = (entry: string) => Number(/^napi-v(\d+)$/.exec(entry)?.[1] ?? 0);
  return readdirSync(lib)
    .filter((entry) => version(entry) > 0)
    .sort((a, b) => version(b) - version(a))
    .map((entry) => join(lib, entry, ADDON))
    .find((path) => existsSync(path));
}

/** The addon of a build. */
export const addonOf = (build: TensorflowBuild): AddonFile => ({ path: join(build.dir, ADDON), build });

/** The addon to load: the one built here, else the published one; ICTAL_TENSORFLOW=published leaves the built one alone. */
function findAddon(dir: string): AddonFile | undefined {
  const build = process.env.ICTAL_TENSORFLOW === "published" ? undefined : currentBuild();
  if (build) return addonOf(build);
  const path = findPublishedAddon(dir);
  return path === undefined ? undefined : { path };
}

/** Why the native backend cannot be loaded and what to do, or undefined when its files are there. */
export function tensorflowMissing(): string | undefined {
  const dir = packageDir(PACKAGE);
  if (!dir) return `the package ${PACKAGE} is not installed: npm install ${PACKAGE}@4.22.0, then ${HOW_TO_GET}`;
  if (!findAddon(dir)) return `there is no native addon for ${PACKAGE}: ${HOW_TO_GET}`;
  return undefined;
}

/** A native backend that is loaded. */
interface LoadedTensorflow {
  readonly version: string;
  readonly usesGpu: boolean;
  /** The build here that its addon is of; undefined for the published one. */
  readonly build?: TensorflowBuild | undefined;
}

/** Where it comes from and what it computes on. */
export function describeTensorflow({ version, usesGpu, build }: LoadedTensorflow): string {
  const origin = build ? `built here with ${build.wheel}` : "as published";
  return `TensorFlow ${version}, ${origin}, on the ${usesGpu ? "GPU" : "CPU"}`;
}

/** What keeps a build off the GPU by itself, or undefined when that shows only once it is loaded. */
function builtForCpu(build: TensorflowBuild | undefined): string | undefined {
  if (!build?.wheel.includes("tensorflow-cpu")) return undefined;
  return (
    `${build.wheel} computes on the CPU only: for a GPU run ` +
    "\"npx ictal backend build tensorflow --wheel 'tensorflow[and-cuda]'\""
  );
}

/** The same of the addon that would be loaded. */
export function tensorflowBuiltForCpu(): string | undefined {
  const dir = packageDir(PACKAGE);
  return dir === undefined ? undefined : builtForCpu(findAddon(dir)?.build);
}

/** What keeps the native backend off the GPU and what to do, or undefined when it uses one. */
export function tensorflowWithoutGpu({ version, usesGpu, build }: LoadedTensorflow): string | undefined {
  if (usesGpu) return undefined;
  const forCpu = builtForCpu(build);
  if (forCpu) return forCpu;
  if (build) return `TensorFlow ${version} found no GPU it can use: TF_CPP_MIN_LOG_LEVEL=0 shows why`;
  const missing = missingLibraries(CUDA_LIBRARIES);
  if (missing.length === 0) return `TensorFlow ${version} found no GPU it can use`;
  return (
    `TensorFlow ${version} runs on the CPU because ${missing.join(" and ")} cannot be found ` +
    `(CUDA 11.2 and cuDNN 8.1 have them); for CUDA 12 ${HOW_TO_BUILD}`
  );
}

/** `util.isNullOrUndefined` and `util.isArray`, which the package calls and Node 23 no longer has. */
function restoreUtilFunctions(): void {
  const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}

function requireAddon({ path, build }: AddonFile): Addon {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "1"; // hides information; warnings and errors stay
  try {
    return requireOptional<Addon>(path);
  } catch (cause) {
    if (!build) throw cause;
    const fix = 'run "npx ictal backend build tensorflow --force", or set ICTAL_TENSORFLOW=published';
    throw new UnsupportedError(
      `the addon built with ${build.wheel} cannot be loaded: ${fix}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

/** Load an addon, by default the one in use, and register the backend with tfjs. Throws what the loader throws. */
export function loadTensorflow(addonFile?: AddonFile): LoadedTensorflow {
  const dir = packageDir(PACKAGE);
  const file = addonFile ?? (dir && findAddon(dir));
  if (!dir || !file) throw new UnsupportedError(tensorflowMissing() ?? `there is no native addon for ${PACKAGE}`);
  restoreUtilFunctions();
  const addon = requireAddon(file);
  if (!tf.engine().findBackend(TENSORFLOW_BACKEND)) {
    requireOptional(join(dir, "dist/register_all_kernels.js"));
    const { NodeJSKernelBackend } = requireOptional<{ NodeJSKernelBackend: NodeBackendClass }>(
      join(dir, "dist/nodejs_kernel_backend.js"),
    );
    tf.registerBackend(TENSORFLOW_BACKEND, () => new NodeJSKernelBackend(addon, PACKAGE));
  }
  return { version: addon.TF_Version, usesGpu: addon.isUsingGpuDevice(), build: file.build };
}
