import type { FrameLayout } from "../cache/format.js";
import { instantiate } from "../signal/kernels-wasm.js";
import { createPlainDecoder, DECODER_FRAMES, type FrameDecoder, rowViews } from "./decode.js";

/** Arrays in the module's memory begin on this boundary. */
const ALIGNMENT = 16;

/** `scale` as a float32 of eight significant bits, whose product with an int16 is exact, and the float32 nearest to the rest. */
function splitScale(scale: number): { high: number; low: number } {
  const unit = 2 ** (Math.floor(Math.log2(scale)) - 7);
  const high = Math.round(scale / unit) * unit;
  return { high, low: Math.fround(scale - high) };
}

/**
 * A decoder of int16 frames in WebAssembly SIMD, with the bits of the plain one for every int16 at the cache's scale.
 * Undefined where WebAssembly SIMD is absent or not compiled.
 */
export function createWasmDecoder({
  channelCount,
  frameSamples,
  frameBytes,
  scale,
}: FrameLayout): FrameDecoder | undefined {
  const rowBytes = 4 * DECODER_FRAMES * frameSamples;
  const storedAt = ALIGNMENT + rowBytes;
  const wasm = instantiate(storedAt + DECODER_FRAMES * frameBytes);
  if (!wasm) return undefined;
  const { buffer } = wasm.memory;
  const viewOf = rowViews(new Float32Array(buffer, ALIGNMENT, DECODER_FRAMES * frameSamples));
  const channelBytes = frameBytes / channelCount;
  const { high, low } = splitScale(scale);
  return {
    stored: new Uint8Array(buffer, storedAt, DECODER_FRAMES * frameBytes),
    row(channel, frames) {
      const from = storedAt + channel * channelBytes;
      wasm.dequantizeRuns(ALIGNMENT, from, frameSamples, frames, frameBytes, high, low);
      return viewOf(frames);
    },
  };
}

/** The fastest decoder for a layout. */
export function createDecoder(layout: FrameLayout): FrameDecoder {
  const fast = layout.sampleType === "int16" ? createWasmDecoder(layout) : undefined;
  return fast ?? createPlainDecoder(layout);
}
