import { compileModule, growMemory, type WasmMemory, type WasmModule } from "../base/wasm-module.js";
import { decodeInto, type SignalLayout } from "./edf-decode.js";

/**
 * Decodes blocks of records into memory of its own. The arrays that `decode` returns are views of it, valid until the next
 * `decode` or `release`. Two implementations, WebAssembly SIMD and TypeScript, give the same bits.
 */
export interface RecordDecoder {
  readonly name: "wasm" | "typescript";
  /** Buffers for file blocks, so that some can be filled while another is decoded; bytes from elsewhere cost a copy. */
  readonly buffers: readonly Uint8Array[];
  /** Microvolts of at most the announced number of records, one array per signal. */
  decode(bytes: Uint8Array, recordCount: number): Float32Array[];
  /** Release the memory; another decoder may use it from then on. */
  release(): void;
}

/** What ./wasm/kernels.ts exports. */
interface WasmExports {
  readonly memory: WasmMemory;
  fillTable16(table: number, gain: number, offset: number, factor: number): void;
  decodeRecords(table: number, signalCount: number, bytes: number, recordCount: number, recordBytes: number): void;
}

const ALIGNMENT = 16;
const ENTRY_BYTES = 48;
/** Lookup table of all physical values of 16-bit samples, filled once so many samples have been decoded that it pays off. */
const TABLE_BYTES = 4 * 65536;
const SAMPLES_BEFORE_TABLE = 16 * 65536;
const MAX_TABLES = 2; // more would push blocks and samples out of a core's cache
/** Idle instances kept for the next recording, unless larger than `POOLED_BYTES`. */
const POOL_LENGTH = 4;
const POOLED_BYTES = 32 * 1024 * 1024;
/** Larger blocks, of files with huge records, do not justify memory that never shrinks. */
const MAX_BYTES = 256 * 1024 * 1024;

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

let compiled: WasmModule<WasmExports> | Error | undefined;
const idle: WasmExports[] = [];

/** A decoder for blocks of up to `recordCount` records of `recordBytes`; the TypeScript one where WebAssembly is absent. */
export function openRecordDecoder(
  layouts: readonly SignalLayout[],
  recordBytes: number,
  recordCount: number,
  options: { readonly kind?: RecordDecoder["name"] /** @default 2 */; readonly bufferCount?: number } = {},
): RecordDecoder {
  const { bufferCount = 2 } = options;
  compiled ??= compileModule<WasmExports>(new URL("./wasm/kernels.wasm", import.meta.url));
  const samples = recordCount * layouts.reduce((sum, { samplesPerRecord }) => sum + aligned(4 * samplesPerRecord), 0);
  const needed =
    bufferCount * (recordCount * recordBytes + ALIGNMENT) +
    samples +
    1024 * (layouts.length + 1) +
    MAX_TABLES * TABLE_BYTES;
  if (options.kind === "typescript" || compiled instanceof Error || needed > MAX_BYTES) {
    return typescriptDecoder(layouts, recordBytes, recordCount, bufferCount);
  }
  const wasm = instanceWith(compiled, needed);
  if (!wasm) return typescriptDecoder(layouts, recordBytes, recordCount, bufferCount);
  return wasmDecoder(wasm, layouts, recordBytes, recordCount, bufferCount);
}

/** An instance with `byteLength` bytes of memory; undefined where the address space is limited and cannot hold it. */
function instanceWith(module: WasmModule<WasmExports>, byteLength: number): WasmExports | undefined {
  try {
    const wasm = idle.pop() ?? module.create();
    growMemory(wasm.memory, byteLength);
    return wasm;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function wasmDecoder(
  wasm: WasmExports,
  layouts: readonly SignalLayout[],
  recordBytes: number,
  recordCount: number,
  bufferCount: number,
): RecordDecoder {
  const { buffer } = wasm.memory;
  let used = ALIGNMENT;
  const take = (bytes: number): number => {
    const address = used;
    used += aligned(bytes);
    return address;
  };
  const table = take(ENTRY_BYTES * layouts.length);
  const blockBytes = recordBytes * recordCount;
  const buffers = Array.from({ length: bufferCount }, () => new Uint8Array(buffer, take(blockBytes), blockBytes));
  const outs = layouts.map(({ samplesPerRecord }) => take(4 * samplesPerRecord * recordCount));
  const scalings = tabledScalings(layouts);
  const tables = scalings.map(() => take(TABLE_BYTES));
  const view = new DataView(buffer);
  layouts.forEach((layout, k) => {
    const entry = table + ENTRY_BYTES * k;
    view.setUint32(entry + 4, layout.offset, true);
    view.setInt32(entry + 8, layout.samplesPerRecord, true);
    view.setInt32(entry + 12, layout.width, true);
    view.setFloat64(entry + 16, layout.gain, true);
    view.setFloat64(entry + 24, layout.digitalOffset, true);
    view.setFloat64(entry + 32, layout.factor, true);
    view.setUint32(entry + 40, 0, true);
  });
  const samplesPerRecord = layouts.reduce((sum, layout) => sum + layout.samplesPerRecord, 0);
  let samplesBeforeTable = scalings.length * SAMPLES_BEFORE_TABLE;
  const fillTables = () => {
    for (const [i, { gain, digitalOffset, factor }] of scalings.entries())
      wasm.fillTable16(tables[i]!, gain, digitalOffset, factor);
    for (const [k, layout] of layouts.entries())
      view.setUint32(
        table + ENTRY_BYTES * k + 40,
        tables[scalings.findIndex((one) => isSameScaling(one, layout))]!,
        true,
      );
  };
  return {
    name: "wasm",
    buffers,
    decode(bytes, count) {
      const isHere = bytes.buffer === buffer;
      if (!isHere) buffers[0]!.set(bytes);
      for (const [k, out] of outs.entries()) view.setUint32(table + ENTRY_BYTES * k, out, true);
      const address = isHere ? bytes.byteOffset : buffers[0]!.byteOffset;
      if (samplesBeforeTable > 0) {
        samplesBeforeTable -= count * samplesPerRecord;
        if (samplesBeforeTable <= 0) fillTables();
      }
      wasm.decodeRecords(table, layouts.length, address, count, recordBytes);
      return layouts.map(({ samplesPerRecord }, k) => new Float32Array(buffer, outs[k]!, count * samplesPerRecord));
    },
    release() {
      if (idle.length < POOL_LENGTH && buffer.byteLength <= POOLED_BYTES) idle.push(wasm);
    },
  };
}

const isSameScaling = (a: SignalLayout, b: SignalLayout) =>
  a.gain === b.gain && a.digitalOffset === b.digitalOffset && a.factor === b.factor;

/** The distinct scalings of `layouts`; none when they are many or the samples are wider than 16 bits. */
function tabledScalings(layouts: readonly SignalLayout[]): SignalLayout[] {
  if (layouts.some(({ width }) => width !== 2)) return [];
  const found = layouts.filter((layout, k) => layouts.findIndex((other) => isSameScaling(other, layout)) === k);
  return found.length <= MAX_TABLES ? found : [];
}

function typescriptDecoder(
  layouts: readonly SignalLayout[],
  recordBytes: number,
  recordCount: number,
  bufferCount: number,
): RecordDecoder {
  const outputs = layouts.map(({ samplesPerRecord }) => new Float32Array(recordCount * samplesPerRecord));
  return {
    name: "typescript",
    buffers: Array.from({ length: bufferCount }, () => new Uint8Array(recordBytes * recordCount)),
    decode(bytes, count) {
      return layouts.map((layout, k) => {
        const out = outputs[k]!.subarray(0, count * layout.samplesPerRecord);
        decodeInto(out, bytes, count, layout);
        return out;
      });
    },
    release() {},
  };
}
