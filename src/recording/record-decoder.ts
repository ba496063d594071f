import { compileModule, growMemory, type WasmMemory, type WasmModule } from "../base/wasm-module.js";
import { decodeInto, type SignalPlace } from "./edf-decode.js";

/**
 * Decodes blocks of records into memory of its own. The arrays that `decode` gives are views of it, good until the next
 * `decode` or `release`. Two kinds, WebAssembly SIMD and TypeScript, give the same bits.
 */
export interface RecordDecoder {
  readonly name: "wasm" | "typescript";
  /** Two places for file blocks, so that one can be filled while the other is decoded; bytes from elsewhere cost a copy. */
  readonly buffers: readonly [Uint8Array, Uint8Array];
  /** Microvolts of at most the announced number of records, one array per place. */
  decode(bytes: Uint8Array, recordCount: number): Float32Array[];
  /** Give the memory back; another decoder may use it from then on. */
  release(): void;
}

/** What ./wasm/kernels.ts exports. */
interface WasmExports {
  readonly memory: WasmMemory;
  decodeRecords(table: number, signalCount: number, bytes: number, recordCount: number, recordBytes: number): void;
}

const ALIGNMENT = 16;
const ENTRY_BYTES = 48;
/** Idle instances kept for the next recording, unless larger than most. */
const POOL_LENGTH = 4;
const POOLED_BYTES = 32 * 1024 * 1024;
/** Larger blocks, of files with huge records, are not worth a memory that never shrinks. */
const MOST_BYTES = 256 * 1024 * 1024;

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

let compiled: WasmModule<WasmExports> | Error | undefined;
const idle: WasmExports[] = [];

/** A decoder for blocks of up to `recordCount` records of `recordBytes`; the TypeScript one where WebAssembly is absent. */
export function openRecordDecoder(
  places: readonly SignalPlace[],
  recordBytes: number,
  recordCount: number,
  options: { kind?: RecordDecoder["name"] } = {},
): RecordDecoder {
  compiled ??= compileModule<WasmExports>(new URL("./wasm/kernels.wasm", import.meta.url));
  const samples = recordCount * places.reduce((sum, { samplesPerRecord }) => sum + aligned(4 * samplesPerRecord), 0);
  const needed = 2 * recordCount * recordBytes + samples + 1024 * (places.length + 1);
  if (options.kind === "typescript" || compiled instanceof Error || needed > MOST_BYTES) {
    return typescriptDecoder(places, recordBytes, recordCount);
  }
  const wasm = instanceWith(compiled, needed);
  if (!wasm) return typescriptDecoder(places, recordBytes, recordCount);
  return wasmDecoder(wasm, places, recordBytes, recordCount);
}

/** An instance with so much memory; undefined where the address space is limited and has no room for it. */
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
  places: readonly SignalPlace[],
  recordBytes: number,
  recordCount: number,
): RecordDecoder {
  const { buffer } = wasm.memory;
  let used = ALIGNMENT;
  const take = (bytes: number): number => {
    const address = used;
    used += aligned(bytes);
    return address;
  };
  const table = take(ENTRY_BYTES * places.length);
  const blockBytes = recordBytes * recordCount;
  const buffers = [
    new Uint8Array(buffer, take(blockBytes), blockBytes),
    new Uint8Array(buffer, take(blockBytes), blockBytes),
  ] as const;
  const outs = places.map(({ samplesPerRecord }) => take(4 * samplesPerRecord * recordCount));
  const view = new DataView(buffer);
  places.forEach((place, k) => {
    const entry = table + ENTRY_BYTES * k;
    view.setUint32(entry + 4, place.offset, true);
    view.setInt32(entry + 8, place.samplesPerRecord, true);
    view.setInt32(entry + 12, place.width, true);
    view.setFloat64(entry + 16, place.gain, true);
    view.setFloat64(entry + 24, place.digitalOffset, true);
    view.setFloat64(entry + 32, place.factor, true);
  });
  return {
    name: "wasm",
    buffers,
    decode(bytes, count) {
      const isHere = bytes.buffer === buffer;
      if (!isHere) buffers[0].set(bytes);
      for (const [k, out] of outs.entries()) view.setUint32(table + ENTRY_BYTES * k, out, true);
      const address = isHere ? bytes.byteOffset : buffers[0].byteOffset;
      wasm.decodeRecords(table, places.length, address, count, recordBytes);
      return places.map(({ samplesPerRecord }, k) => new Float32Array(buffer, outs[k]!, count * samplesPerRecord));
    },
    release() {
      if (idle.length < POOL_LENGTH && buffer.byteLength <= POOLED_BYTES) idle.push(wasm);
    },
  };
}

function typescriptDecoder(places: readonly SignalPlace[], recordBytes: number, recordCount: number): RecordDecoder {
  const held = places.map(({ samplesPerRecord }) => new Float32Array(recordCount * samplesPerRecord));
  const block = () => new Uint8Array(recordBytes * recordCount);
  return {
    name: "typescript",
    buffers: [block(), block()],
    decode(bytes, count) {
      return places.map((place, k) => {
        const out = held[k]!.subarray(0, count * place.samplesPerRecord);
        decodeInto(out, bytes, count, place);
        return out;
      });
    },
    release() {},
  };
}
