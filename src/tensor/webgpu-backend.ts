import { importOptional, missingLibraries, packageFolder, requireOptional } from "./optional.js";
import { tf } from "./tf.js";

/** tfjs's WebGPU backend over Dawn, the npm package `webgpu`. */

const DAWN = "webgpu";
const BACKEND_PACKAGE = "@tensorflow/tfjs-backend-webgpu";
export const WEBGPU_BACKEND = "webgpu";

interface Dawn {
  create(flags: string[]): unknown;
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
  const absent = [DAWN, BACKEND_PACKAGE].filter((name) => !packageFolder(name));
  if (absent.length > 0) {
    const names = absent.map((name) => (name === DAWN ? name : `${name}@4.22.0`));
    return `${absent.join(" and ")} ${absent.length > 1 ? "are" : "is"} not installed: npm install ${names.join(" ")}`;
  }
  return vulkanMissing();
}

/** Load Dawn and the backend and make them known. The process then ends only by `process.exit`: Dawn keeps it alive. */
export async function loadWebgpu(): Promise<void> {
  if (!tf.engine().findBackendFactory(WEBGPU_BACKEND)) {
    const dawn = await importOptional<Dawn>(DAWN);
    Object.assign(globalThis, dawn.globals);
    const gpu = dawn.create([]);
    Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "" }, configurable: true });
    requireOptional(BACKEND_PACKAGE);
  }
  const previous = tf.getBackend();
  try {
    if (!(await tf.setBackend(WEBGPU_BACKEND)))
      throw new Error("no WebGPU adapter: is there a GPU with a Vulkan driver?");
  } finally {
    await tf.setBackend(previous);
  }
}
