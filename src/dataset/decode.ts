/** From stored frames to rows of float32 samples. */
import { bytesOf, FRAME_SAMPLES, type FrameLayout } from "../cache/format.js";

/** Frames that one decoder holds: a window of 60 s at any start lies in seven. */
export const DECODER_FRAMES = 8;

/** A place for stored frames, and what turns them into samples. Not to be used for two reads at once. */
export interface FrameDecoder {
  /** Room for `DECODER_FRAMES` frames as they lie in the file. */
  readonly stored: Uint8Array;
  /**
   * Samples of `channel` over the first `frames` frames of `stored`, one after another, in standard deviations: a view of
   * `frames * FRAME_SAMPLES` values that the next call overwrites.
   */
  row(channel: number, frames: number): Float32Array;
}

/** Views of the first 1 .. DECODER_FRAMES frames of a row. */
export function rowViews(row: Float32Array): readonly Float32Array[] {
  return Array.from({ length: DECODER_FRAMES + 1 }, (_, frames) => row.subarray(0, frames * FRAME_SAMPLES));
}

/** A decoder in plain TypeScript, for both sample types: the oracle of the WebAssembly one. */
export function createPlainDecoder(layout: FrameLayout): FrameDecoder {
  const { channelCount, frameSamples, sampleType, scale } = layout;
  const length = DECODER_FRAMES * channelCount * frameSamples;
  const values = sampleType === "int16" ? new Int16Array(length) : new Float32Array(length);
  const views = rowViews(new Float32Array(DECODER_FRAMES * frameSamples));
  return {
    stored: bytesOf(values),
    row(channel, frames) {
      const row = views[frames]!;
      for (let frame = 0; frame < frames; frame++) {
        const from = (frame * channelCount + channel) * frameSamples;
        for (let i = 0; i < frameSamples; i++) row[frame * frameSamples + i] = values[from + i]! * scale;
      }
      return row;
    },
  };
}
