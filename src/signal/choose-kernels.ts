import type { Kernels } from "./kernels.js";
import { typescriptKernels } from "./kernels-typescript.js";
import { loadWasmKernels } from "./kernels-wasm.js";

/** Which kernels run in this process, and why. */
export interface KernelChoice {
  readonly name: Kernels["name"];
  /** Empty for wasm. */
  readonly reason: string;
}

let loaded: ReturnType<typeof loadWasmKernels> | undefined;

/** What `openKernels` gives by default. */
export function kernelsInUse(): KernelChoice {
  loaded ??= loadWasmKernels();
  return "open" in loaded ? { name: "wasm", reason: "" } : { name: "typescript", reason: loaded.reason };
}

/** Kernels with `byteLength` bytes of memory: WebAssembly where it was compiled and runs, else their reference implementation in TypeScript. */
export function openKernels(byteLength: number, name = kernelsInUse().name): Kernels {
  if (name === "typescript") return typescriptKernels();
  loaded ??= loadWasmKernels();
  if ("open" in loaded) return loaded.open(byteLength);
  throw new RangeError(`invalid kernels: wasm (${loaded.reason})`);
}
