import { compileModule, growMemory, type WasmMemory, type WasmModule } from "../base/wasm-module.js";
import type { ChannelGroup, Kernels } from "./kernels.js";
import { GROUP_CHANNELS, type PolyphaseBank } from "./polyphase.js";
import type { RecordLayout, SampleScaling } from "./sample-block.js";

/** What ./wasm/kernels.ts exports; addresses and lengths in bytes unless it says otherwise. */
export interface WasmExports {
  readonly memory: WasmMemory;
  projectGroup(
    ...args: readonly [
      out: number,
      count: number,
      inputs: number,
      inputBytes: number,
      terms: number,
      positions: number,
      weights: number,
      termLimit: number,
      offsets: number,
      common: number,
    ]
  ): void;
  projectRow(
    out: number,
    count: number,
    inputs: number,
    inputBytes: number,
    terms: number,
    positions: number,
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
  filterGroup(x: number, count: number, sections: number, sectionCount: number, state: number): void;
  roundGroup(out: number, rowBytes: number, x: number, count: number): void;
  sumGroup(sums: number, x: number, count: number, isFirst: number): void;
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
  decode16(out: number, digital: number, count: number, gain: number, offset: number, factor: number): void;
  decodeRecords(
    out: number,
    outBytes: number,
    digital: number,
    recordCount: number,
    recordBytes: number,
    samplesPerRecord: number,
    table: number,
    signalCount: number,
  ): void;
  extremes(out: number, inputs: number, inputBytes: number, inputCount: number, count: number): void;
}

/** Arrays begin on this boundary, and past 0, which stands for "none" where an array is optional. */
const ALIGNMENT = 16;
/** Digital samples that wait to be decoded: a slice of TUSZ's records with 60 signals. */
const STAGED_SAMPLES = 32_768;
/** Signals of a record that are decoded in one go, and the bytes that describe one. */
const SIGNAL_LIMIT = 64;
const SIGNAL_BYTES = 32;
const OWN_BYTES = ALIGNMENT + 2 * STAGED_SAMPLES + SIGNAL_LIMIT * SIGNAL_BYTES;
/** Idle instances kept for the next chain. */
const POOL_LENGTH = 4;

/** Distance in bytes between equally spaced arrays, and the address of the first. */
function spacing(arrays: readonly Float32Array[]): { address: number; bytes: number } {
  const address = arrays[0]?.byteOffset ?? 0;
  return { address, bytes: (arrays[1]?.byteOffset ?? address) - address };
}

/** Kernels over the memory of one instance, of which the first `OWN_BYTES` are their own. */
class WasmKernels implements Kernels {
  readonly name = "wasm";
  readonly release: () => void;
  readonly #wasm: WasmExports;
  readonly #buffer: ArrayBuffer;
  readonly #endAddress: number;
  readonly #staged: Int16Array;
  readonly #table: DataView;
  /** The layout that `#table` describes. */
  #layout: RecordLayout | undefined;
  #used = OWN_BYTES;

  constructor(wasm: WasmExports, byteLength: number, release: () => void) {
    const { buffer } = wasm.memory;
    this.release = release;
    this.#wasm = wasm;
    this.#buffer = buffer;
    this.#endAddress = OWN_BYTES + byteLength;
    this.#staged = new Int16Array(buffer, ALIGNMENT, STAGED_SAMPLES);
    this.#table = new DataView(buffer, ALIGNMENT + 2 * STAGED_SAMPLES, SIGNAL_LIMIT * SIGNAL_BYTES);
  }

  float64(length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#allocate(8 * length), length).fill(0);
  }

  float32(length: number): Float32Array {
    return new Float32Array(this.#buffer, this.#allocate(4 * length), length).fill(0);
  }

  int32(length: number): Int32Array {
    return new Int32Array(this.#buffer, this.#allocate(4 * length), length).fill(0);
  }

  decodeInto(out: Float32Array, digital: Int16Array, start: number, end: number, scaling: SampleScaling): void {
    const { gain, offset, factor } = scaling;
    this.#staged.set(digital.subarray(start, end));
    this.#wasm.decode16(out.byteOffset, this.#staged.byteOffset, end - start, gain, offset, factor);
  }

  decodeRecordsInto(
    inputs: readonly Float32Array[],
    digital: Int16Array,
    firstSample: number,
    recordCount: number,
    layout: RecordLayout,
  ): boolean {
    const { recordSamples, samplesPerRecord, signals } = layout;
    const length = recordCount * recordSamples;
    if (length > STAGED_SAMPLES || signals.length > SIGNAL_LIMIT) return false;
    this.#describe(layout);
    this.#staged.set(digital.subarray(firstSample, firstSample + length));
    const { address, bytes } = spacing(inputs);
    const from = [this.#staged.byteOffset, recordCount, 2 * recordSamples, samplesPerRecord] as const;
    this.#wasm.decodeRecords(address, bytes, ...from, this.#table.byteOffset, signals.length);
    return true;
  }

  extremesInto(out: Float32Array, inputs: readonly Float32Array[], count: number): void {
    const { address, bytes } = spacing(inputs);
    this.#wasm.extremes(out.byteOffset, address, bytes, inputs.length, count);
  }

  projectGroupInto(
    out: Float64Array,
    inputs: readonly Float32Array[],
    count: number,
    { terms, positions, weights, termLimit, offsets }: ChannelGroup,
    common?: Float64Array,
  ): void {
    const { address, bytes } = spacing(inputs);
    const tables = [terms.byteOffset, positions.byteOffset, weights.byteOffset, termLimit, offsets.byteOffset] as const;
    this.#wasm.projectGroup(out.byteOffset, count, address, bytes, ...tables, common?.byteOffset ?? 0);
  }

  projectRowInto(out: Float64Array, inputs: readonly Float32Array[], count: number, group: ChannelGroup): void {
    const { address, bytes } = spacing(inputs);
    const { positions, weights } = group;
    const [terms = 0] = group.terms;
    this.#wasm.projectRow(out.byteOffset, count, address, bytes, terms, positions.byteOffset, weights.byteOffset);
  }

  polyphaseInto(out: Float64Array, count: number, x: Float64Array, phase: number, bank: PolyphaseBank): void {
    const { up, down, taps, rows, coefficients } = bank;
    this.#wasm.polyphase(out.byteOffset, count, x.byteOffset, phase, up, down, taps, rows, coefficients.byteOffset);
  }

  filterGroupInto(x: Float64Array, count: number, sections: Float64Array, state: Float64Array): void {
    this.#wasm.filterGroup(x.byteOffset, count, sections.byteOffset, sections.length / 6, state.byteOffset);
  }

  roundGroupInto(out: Float32Array, rowLength: number, x: Float64Array, count: number): void {
    this.#wasm.roundGroup(out.byteOffset, 4 * rowLength, x.byteOffset, count);
  }

  sumGroupInto(sums: Float64Array, x: Float64Array, start: number, end: number, isFirst: boolean): void {
    const address = x.byteOffset + 8 * GROUP_CHANNELS * start;
    this.#wasm.sumGroup(sums.byteOffset, address, end - start, Number(isFirst));
  }

  #describe(layout: RecordLayout): void {
    if (this.#layout === layout) return;
    this.#layout = layout;
    for (const [k, { recordOffset, gain, offset, factor }] of layout.signals.entries()) {
      this.#table.setUint32(k * SIGNAL_BYTES, 2 * recordOffset, true);
      this.#table.setFloat64(k * SIGNAL_BYTES + 8, gain, true);
      this.#table.setFloat64(k * SIGNAL_BYTES + 16, offset, true);
      this.#table.setFloat64(k * SIGNAL_BYTES + 24, factor, true);
    }
  }

  #allocate(bytes: number): number {
    const address = this.#used;
    this.#used += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (this.#used > this.#endAddress)
      throw new RangeError(
        `invalid kernel memory: ${this.#endAddress - OWN_BYTES} bytes, ${this.#used - OWN_BYTES} asked for`,
      );
    return address;
  }
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
  const loaded = compiled;
  const idle: WasmExports[] = [];
  return {
    open(byteLength) {
      const wasm = idle.pop() ?? loaded.create();
      growMemory(wasm.memory, OWN_BYTES + byteLength);
      return new WasmKernels(wasm, byteLength, () => {
        if (idle.length < POOL_LENGTH) idle.push(wasm);
      });
    },
  };
}
