import { UnsupportedError } from "@ictal/base/errors";
import { projectPath } from "../base/project.js";
import { importOptional, missingLibraries, packageDir, requireOptional } from "./optional.js";
import { tf } from "./tf.js";

/** tfjs's WebGPU backend over Dawn, the npm package `webgpu`. */

const DAWN = "webgpu";
const BACKEND_PACKAGE = "@tensorflow/tfjs-backend-webgpu";
/** The packages and the versions that the executor is tried with. */
export const WEBGPU_PACKAGES = [`${DAWN}@0.6.2`, `${BACKEND_PACKAGE}@4.22.0`] as const;
/** Where `ictal backend build webgpu` puts them, since `npm ci` empties the project's node_modules. */
export const WEBGPU_DIR = projectPath(".build/webgpu");
export const WEBGPU_BACKEND = "webgpu";

interface Gpu {
  requestAdapter(): Promise<{ readonly info: AdapterInfo } | null>;
}

/** What WebGPU reports of a device. */
export interface AdapterInfo {
  readonly description: string;
  readonly isFallbackAdapter: boolean;
}

interface Dawn {
  create(flags: string[]): Gpu;
  readonly globals: Record<string, unknown>;
}

/** What a WebGPU of any kind needs from the system, or undefined when it is there. */
export function vulkanMissing(): string | undefined {
  if (missingLibraries(["libvulkan.so.1"]).length === 0) return undefined;
  return (
    "the Vulkan loader libvulkan.so.1 cannot be found: install it (Debian, Ubuntu: libvulkan1) with the graphics part of the GPU " +
    'driver (in a container: NVIDIA_DRIVER_CAPABILITIES must include "graphics")'
  );
}

/** Why tfjs's WebGPU backend cannot be loaded and what to do, or undefined. */
export function webgpuMissing(): string | undefined {
  const absent = [DAWN, BACKEND_PACKAGE].filter((name) => !packageDir(name, WEBGPU_DIR));
  if (absent.length > 0) {
    return `${absent.join(" and ")} ${absent.length > 1 ? "are" : "is"} not installed: run "npx ictal backend build webgpu"`;
  }
  return vulkanMissing();
}

/** What makes a device no GPU, or undefined for one. */
export function webgpuWithoutGpu({ description, isFallbackAdapter }: AdapterInfo): string | undefined {
  if (!isFallbackAdapter) return undefined;
  return `the Vulkan driver computes on the CPU (${description}): for a GPU install the graphics part of its driver`;
}

let adapterInfo: AdapterInfo | undefined;

/** Load Dawn and the backend, make them known, and say what the device is. */
export async function loadWebgpu(): Promise<AdapterInfo> {
  if (!tf.engine().findBackendFactory(WEBGPU_BACKEND)) {
    const dawn = await importOptional<Dawn>(DAWN, WEBGPU_DIR);
    Object.assign(globalThis, dawn.globals);
    const gpu = dawn.create([]);
    adapterInfo = (await gpu.requestAdapter())?.info;
    if (!adapterInfo) throw new UnsupportedError("no WebGPU adapter: is there a GPU with a Vulkan driver?");
    Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "" }, configurable: true });
    requireOptional(BACKEND_PACKAGE, WEBGPU_DIR);
  }
  const previous = tf.getBackend();
  try {
    if (!(await tf.setBackend(WEBGPU_BACKEND))) throw new UnsupportedError("tfjs's WebGPU backend does not start");
  } finally {
    await tf.setBackend(previous);
  }
  if (!adapterInfo) throw new UnsupportedError("tfjs's WebGPU backend was loaded by another module");
  return adapterInfo;
}
