import { readFileSync } from "node:fs";

/** The part of the global that is used here; only the DOM types declare it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module);
    readonly exports: Readonly<Record<string, unknown>>;
  }
}

/** Memory of an instance; `grow` gives `buffer` a new identity and detaches the old one. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A compiled module: `create` gives an instance of its own, whose exports are trusted to be `Exports`. */
export interface WasmModule<Exports> {
  create(): Exports;
}

const PAGE_BYTES = 65536;

/** Compile the module in a file; the error when it is absent, or refused by an engine without SIMD. */
export function compileModule<Exports>(url: URL): WasmModule<Exports> | Error {
  try {
    const module = new WebAssembly.Module(readFileSync(url));
    return { create: () => new WebAssembly.Instance(module).exports as unknown as Exports };
  } catch (error) {
    return error as Error;
  }
}

/** Grow `memory` to at least `byteLength`. */
export function growMemory(memory: WasmMemory, byteLength: number): void {
  const missing = Math.ceil((byteLength - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
}
