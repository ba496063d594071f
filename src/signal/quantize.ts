// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { kernelsInUse } from "./choose-kernels.js";
import { instantiate, type WasmExports } from "./kernels-wasm.js";
import { MIN_STD, type Normalization } from "./normalize.js";

/** Samples that go through the kernel at once. */
const BLOCK_SAMPLES = 4096;
/** Where the kernel reads its input; the output follows. */
const ADDRESS = 16;

interface QuantizeBuffers {
  readonly wasm: WasmExports;
  readonly input: Float32Array;
  readonly output: Int16Array;
}

let buffers: QuantizeBuffers | undefined;

function openBuffers(): QuantizeBuffers {
  const wasm = instantiate(ADDRESS + 6 * BLOCK_SAMPLES);
  if (!wasm) throw new RangeError("invalid kernels: wasm (not available)");
  const { buffer } = wasm.memory;
  const input = new Float32Array(buffer, ADDRESS, BLOCK_SAMPLES);
  return { wasm, input, output: new Int16Array(buffer, ADDRESS + 4 * BLOCK_SAMPLES, BLOCK_SAMPLES) };
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
  if (name === "typescript") quantizeReferenceInto(out, x, normalization, gain);
  else quantizeBlocks(out, x, normalization, gain);
}

function quantizeBlocks(out: Int16Array, x: Float32Array, normalization: Normalization, gain: number): void {
  buffers ??= openBuffers();
  const { wasm, input, output } = buffers;
  const { mean, std, clip } = normalization;
  const scale = 1 / (std + MIN_STD);
  for (let start = 0; start < x.length; start += BLOCK_SAMPLES) {
    const block = x.subarray(start, start + BLOCK_SAMPLES);
    input.set(block);
    wasm.quantize(output.byteOffset, input.byteOffset, block.length, mean, scale, clip, gain);
    out.set(output.subarray(0, block.length), start);
  }
}

function quantizeReferenceInto(
  out: Int16Array,
  x: Float32Array,
  { mean, std, clip }: Normalization,
  gain: number,
): void {
  const scale = 1 / (std + MIN_STD);
  for (let i = 0; i < x.length; i++) {
    const z = (x[i]! - mean) * scale;
    out[i] = Math.floor(Math.fround(z > -clip ? (z > clip ? clip : z) : -clip) * gain + 0.5);
  }
}
