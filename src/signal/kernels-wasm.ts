import { compileModule, growMemory, type WasmMemory, type WasmModule } from "../base/wasm-module.js";
import type { Kernels } from "./kernels.js";
import { LANES } from "./polyphase.js";
import type { RecordLayout } from "./sample-block.js";

/** What ./wasm/kernels.ts exports; addresses and lengths in bytes unless it says otherwise. */
export interface WasmExports {
  readonly memory: WasmMemory;
  mixLanes(
    ...args: readonly [
      out: number,
      count: number,
      inputs: number,
      inputBytes: number,
      terms: number,
      places: number,
      weights: number,
      termLimit: number,
      offsets: number,
      common: number,
    ]
  ): void;
  mixRow(
    out: number,
    count: number,
    inputs: number,
    inputBytes: number,
    terms: number,
    places: number,
    weights: number,
  ): void;
  polyphase(
    out: number,
    count: number,
    x: number,
    phase: number,
    up: number,
    down: number,
    taps: number,
    rows: number,
    bank: number,
  ): void;
  filterLanes(x: number, count: number, sections: number, sectionCount: number, state: number): void;
  roundLanes(out: number, rowBytes: number, x: number, count: number): void;
  sumLanes(sums: number, x: number, count: number, isFirst: number): void;
  quantize(out: number, x: number, count: number, mean: number, scale: number, clip: number, gain: number): void;
  dequantizeRuns(
    out: number,
    stored: number,
    count: number,
    runs: number,
    strideBytes: number,
    high: number,
    low: number,
  ): void;
  decode16(out: number, words: number, count: number, gain: number, offset: number, factor: number): void;
  decodeRecords(
    out: number,
    outBytes: number,
    words: number,
    recordCount: number,
    recordBytes: number,
    samplesPerRecord: number,
    table: number,
    signalCount: number,
  ): void;
  extremes(out: number, inputs: number, inputBytes: number, inputCount: number, count: number): void;
}

/** Arrays begin on this boundary, and past 0, which stands for "none" where an array may be left out. */
const ALIGNMENT = 16;
/** Words that wait to be decoded: a slice of TUSZ's records with 60 signals. */
const STAGED_WORDS = 32_768;
/** Signals of a record that are decoded in one go, and the bytes that describe one. */
const SIGNAL_LIMIT = 64;
const SIGNAL_BYTES = 32;
const OWN_BYTES = ALIGNMENT + 2 * STAGED_WORDS + SIGNAL_LIMIT * SIGNAL_BYTES;
/** Idle instances kept for the next chain. */
const POOL_LENGTH = 4;

/** Distance in bytes between equally spaced arrays, and the address of the first. */
function spacing(arrays: readonly Float32Array[]): { address: number; bytes: number } {
  const address = arrays[0]?.byteOffset ?? 0;
  return { address, bytes: (arrays[1]?.byteOffset ?? address) - address };
}

function kernelsOver(wasm: WasmExports, byteLength: number, release: () => void): Kernels {
  const { buffer } = wasm.memory;
  const staged = new Int16Array(buffer, ALIGNMENT, STAGED_WORDS);
  const table = new DataView(buffer, ALIGNMENT + 2 * STAGED_WORDS, SIGNAL_LIMIT * SIGNAL_BYTES);
  let described: RecordLayout | undefined;
  const describe = (layout: RecordLayout) => {
    if (described === layout) return;
    described = layout;
    for (const [k, { place, gain, offset, factor }] of layout.signals.entries()) {
      table.setUint32(k * SIGNAL_BYTES, 2 * place, true);
      table.setFloat64(k * SIGNAL_BYTES + 8, gain, true);
      table.setFloat64(k * SIGNAL_BYTES + 16, offset, true);
      table.setFloat64(k * SIGNAL_BYTES + 24, factor, true);
    }
  };
  let used = OWN_BYTES;
  const take = (bytes: number): number => {
    const address = used;
    used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (used > byteLength + OWN_BYTES)
      throw new RangeError(`invalid kernel memory: ${byteLength} bytes, ${used - OWN_BYTES} asked for`);
    return address;
  };
  return {
    name: "wasm",
    float64: (length) => new Float64Array(buffer, take(8 * length), length).fill(0),
    float32: (length) => new Float32Array(buffer, take(4 * length), length).fill(0),
    int32: (length) => new Int32Array(buffer, take(4 * length), length).fill(0),
    decodeInto(out, words, start, end, { gain, offset, factor }) {
      staged.set(words.subarray(start, end));
      wasm.decode16(out.byteOffset, staged.byteOffset, end - start, gain, offset, factor);
    },
    decodeRecordsInto(inputs, words, firstWord, recordCount, layout) {
      const { recordWords, samplesPerRecord, signals } = layout;
      const length = recordCount * recordWords;
      if (length > STAGED_WORDS || signals.length > SIGNAL_LIMIT) return false;
      describe(layout);
      staged.set(words.subarray(firstWord, firstWord + length));
      const { address, bytes } = spacing(inputs);
      const from = [staged.byteOffset, recordCount, 2 * recordWords, samplesPerRecord] as const;
      wasm.decodeRecords(address, bytes, ...from, table.byteOffset, signals.length);
      return true;
    },
    extremesInto(out, inputs, count) {
      const { address, bytes } = spacing(inputs);
      wasm.extremes(out.byteOffset, address, bytes, inputs.length, count);
    },
    mixLanesInto(out, inputs, count, { terms, places, weights, termLimit, offsets }, common) {
      const { address, bytes } = spacing(inputs);
      const tables = [terms.byteOffset, places.byteOffset, weights.byteOffset, termLimit, offsets.byteOffset] as const;
      wasm.mixLanes(out.byteOffset, count, address, bytes, ...tables, common?.byteOffset ?? 0);
    },
    mixRowInto(out, inputs, count, { terms, places, weights }) {
      const { address, bytes } = spacing(inputs);
      wasm.mixRow(out.byteOffset, count, address, bytes, terms[0]!, places.byteOffset, weights.byteOffset);
    },
    polyphaseInto(out, count, x, phase, { up, down, taps, rows, coefficients }) {
      wasm.polyphase(out.byteOffset, count, x.byteOffset, phase, up, down, taps, rows, coefficients.byteOffset);
    },
    filterLanesInto(x, count, sections, state) {
      wasm.filterLanes(x.byteOffset, count, sections.byteOffset, sections.length / 6, state.byteOffset);
    },
    roundLanesInto(out, rowLength, x, count) {
      wasm.roundLanes(out.byteOffset, 4 * rowLength, x.byteOffset, count);
    },
    sumLanesInto(sums, x, start, end, isFirst) {
      wasm.sumLanes(sums.byteOffset, x.byteOffset + 8 * LANES * start, end - start, Number(isFirst));
    },
    release,
  };
}

let compiled: WasmModule<WasmExports> | Error | undefined;

const compile = () => compileModule<WasmExports>(new URL("./wasm/kernels.wasm", import.meta.url));

/** A fresh instance with at least `byteLength` bytes of memory; undefined where WebAssembly is absent. */
export function instantiate(byteLength: number): WasmExports | undefined {
  compiled ??= compile();
  if (compiled instanceof Error) return undefined;
  const wasm = compiled.create();
  growMemory(wasm.memory, byteLength);
  return wasm;
}

function explain(error: Error): string {
  const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
  return missing ? "are not compiled: run npm ci and npm run build" : error.message;
}

/** The WebAssembly kernels, or why there are none. Instances are used again once released. */
export function loadWasmKernels(): { open(byteLength: number): Kernels } | { reason: string } {
  compiled ??= compile();
  if (compiled instanceof Error) return { reason: explain(compiled) };
  const idle: WasmExports[] = [];
  return {
    open(byteLength) {
      const wasm = idle.pop() ?? instantiate(OWN_BYTES + byteLength)!; // the module is there
      growMemory(wasm.memory, OWN_BYTES + byteLength);
      return kernelsOver(wasm, byteLength, () => {
        if (idle.length < POOL_LENGTH) idle.push(wasm);
      });
    },
  };
}
