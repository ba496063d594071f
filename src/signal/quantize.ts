import { kernelsInUse } from "./choose-kernels.js";
import { instantiate, type WasmExports } from "./kernels-wasm.js";
import { LEAST_STD, type Normalization } from "./normalize.js";

/** Samples that go through the kernel at once. */
const PIECE_SAMPLES = 4096;
/** Where the kernel reads; it writes behind that. */
const ADDRESS = 16;

interface Room {
  readonly wasm: WasmExports;
  readonly input: Float32Array;
  readonly output: Int16Array;
}

let room: Room | undefined;

function openRoom(): Room {
  const wasm = instantiate(ADDRESS + 6 * PIECE_SAMPLES)!; // asked for only where the kernels are in use
  const { buffer } = wasm.memory;
  const input = new Float32Array(buffer, ADDRESS, PIECE_SAMPLES);
  return { wasm, input, output: new Int16Array(buffer, ADDRESS + 4 * PIECE_SAMPLES, PIECE_SAMPLES) };
}

/**
 * The result of `normalizeInto` times `gain` as int16, to the nearest whole number, halves up; NaN becomes `-clip`. `clip * gain`
 * must be at most 32767. `out` is at least as long as `x`.
 */
export function quantizeInto(
  out: Int16Array,
  x: Float32Array,
  normalization: Normalization,
  gain: number,
  name = kernelsInUse().name,
): void {
  if (name === "typescript") quantizeTwinInto(out, x, normalization, gain);
  else quantizePieces(out, x, normalization, gain);
}

function quantizePieces(out: Int16Array, x: Float32Array, normalization: Normalization, gain: number): void {
  room ??= openRoom();
  const { wasm, input, output } = room;
  const { mean, std, clip } = normalization;
  const scale = 1 / (std + LEAST_STD);
  for (let start = 0; start < x.length; start += PIECE_SAMPLES) {
    const piece = x.subarray(start, start + PIECE_SAMPLES);
    input.set(piece);
    wasm.quantize(output.byteOffset, input.byteOffset, piece.length, mean, scale, clip, gain);
    out.set(output.subarray(0, piece.length), start);
  }
}

function quantizeTwinInto(out: Int16Array, x: Float32Array, { mean, std, clip }: Normalization, gain: number): void {
  const scale = 1 / (std + LEAST_STD);
  for (let i = 0; i < x.length; i++) {
    const z = (x[i]! - mean) * scale;
    out[i] = Math.floor(Math.fround(z > -clip ? (z > clip ? clip : z) : -clip) * gain + 0.5);
  }
}
