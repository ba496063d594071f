// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** From stored frames to rows of float32 samples. */
import { type Borrowed, lend } from "../base/borrowed.js";
import { bytesOf, FRAME_SAMPLES, type FrameLayout } from "../cache/format.js";

/** Frames that one decoder holds: a window of 60 s at any start lies in seven. */
export const DECODER_FRAMES = 8;

/** Memory for stored frames, and their decoding to samples. Not to be used for two reads at once. */
export interface FrameDecoder {
  /** Room for `DECODER_FRAMES` frames as they lie in the file. */
  readonly stored: Uint8Array;
  /**
   * Samples of `channel` over the first `frames` frames of `stored`, 1 to `DECODER_FRAMES`, one after another, in standard
   * deviations: `frames * FRAME_SAMPLES` values.
   */
  row(channel: number, frames: number): Borrowed<Float32Array>;
}

/** Views of the first 0 to DECODER_FRAMES frames of a row by their number; V8 takes long to make a view. */
export function rowViews(row: Float32Array): (frames: number) => Borrowed<Float32Array> {
  const views = Array.from({ length: DECODER_FRAMES + 1 }, (_, frames) =>
    lend(row.subarray(0, frames * FRAME_SAMPLES)),
  );
  return (frames) => {
    const view = views[frames];
    if (!view) throw new RangeError(`invalid frames: ${frames} (expected 0 to ${DECODER_FRAMES})`);
    return view;
  };
}

/** A decoder in plain TypeScript, for both sample types: the reference implementation of the WebAssembly one. */
export function createPlainDecoder(layout: FrameLayout): FrameDecoder {
  const { channelCount, frameSamples, sampleType, scale } = layout;
  const length = DECODER_FRAMES * channelCount * frameSamples;
  const values = sampleType === "int16" ? new Int16Array(length) : new Float32Array(length);
  const viewOf = rowViews(new Float32Array(DECODER_FRAMES * frameSamples));
  return {
    stored: bytesOf(values),
    row(channel, frames) {
      const row = viewOf(frames);
      for (let frame = 0; frame < frames; frame++) {
        const from = (frame * channelCount + channel) * frameSamples;
        for (let i = 0; i < frameSamples; i++) row[frame * frameSamples + i] = values[from + i]! * scale;
      }
      return row;
    },
  };
}
