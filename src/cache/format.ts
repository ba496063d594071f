/**
 * The file of one cached recording: frames of `[channel, FRAME_SAMPLES]`, one after another, rows channel-major inside
 * a frame, little-endian, no header. The last frame is padded with zeros; `sampleCount` in the sidecar says where the
 * recording ends. int16 holds standard deviations in steps of `INT16_SCALE`, float32 holds them as they are.
 */
import { endianness } from "node:os";
import { UnsupportedError } from "@ictal/base/errors";

/** Version of the frame layout and of the sidecar; part of the cache key. */
export const CACHE_FORMAT_VERSION = 1;

/** Samples of one frame: 10 s at 256 Hz, so that windows at a 10 s stride are contiguous. */
export const FRAME_SAMPLES = 2560;

/** Largest magnitude that int16 can hold, in standard deviations. */
export const INT16_RANGE = 10;

/** One int16 step in standard deviations. */
export const INT16_SCALE = INT16_RANGE / 32767;

/** How samples are stored. */
export type SampleType = "int16" | "float32";

/** Sizes that follow from the channel count and the sample type. */
export interface FrameLayout {
  readonly channelCount: number;
  readonly frameSamples: number;
  readonly sampleType: SampleType;
  readonly sampleBytes: number;
  /** Bytes of one whole frame. */
  readonly frameBytes: number;
  /** Factor from a stored number to standard deviations (1 for float32). */
  readonly scale: number;
}

/** The layout for `channelCount` channels. Throws a RangeError on a bad count, an UnsupportedError on big-endian machines. */
export function frameLayout(channelCount: number, sampleType: SampleType): FrameLayout {
  if (!Number.isInteger(channelCount) || channelCount < 1)
    throw new RangeError(`invalid channelCount: ${channelCount}`);
  if (endianness() !== "LE") throw new UnsupportedError("cache files are little-endian; this machine is big-endian");
  const sampleBytes = sampleType === "int16" ? 2 : 4;
  return {
    channelCount,
    frameSamples: FRAME_SAMPLES,
    sampleType,
    sampleBytes,
    frameBytes: channelCount * FRAME_SAMPLES * sampleBytes,
    scale: sampleType === "int16" ? INT16_SCALE : 1,
  };
}

/** Frames needed for `sampleCount` samples. */
export function frameCountOf(sampleCount: number): number {
  return Math.ceil(sampleCount / FRAME_SAMPLES);
}

/** Bytes of the file of a recording of `sampleCount` samples. */
export function fileBytesOf(layout: FrameLayout, sampleCount: number): number {
  return frameCountOf(sampleCount) * layout.frameBytes;
}

/** Ending of a recording's file, dot included. */
export function fileEnding(sampleType: SampleType): ".i16" | ".f32" {
  return sampleType === "int16" ? ".i16" : ".f32";
}

/** One frame's numbers as they are stored. */
export type StoredFrame = Int16Array | Float32Array;

/** `count` zeroed frames, one after another. */
export function createFrame(layout: FrameLayout, count = 1): StoredFrame {
  const length = count * layout.channelCount * layout.frameSamples;
  return layout.sampleType === "int16" ? new Int16Array(length) : new Float32Array(length);
}

/** The bytes of a typed array (a view). */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
