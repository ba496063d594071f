import { join } from "node:path";
import { crc32 } from "node:zlib";
import { bytesOf, createFrame, FRAME_SAMPLES, type FrameLayout } from "./format.js";
import { type FrameSpillBuffer, writeFully } from "./frame-spill-buffer.js";
import { createFrameStorer, type FrameScaling } from "./normalize.js";
import { recordingFile } from "./paths.js";
import { writeAtomically } from "./temporary.js";

/** About 1 MB of 19 channels. */
const FRAMES_PER_WRITE = 10;

/** What was written of a recording: the CRC-32 of each frame and the length of the file. */
export interface WrittenSamples {
  readonly frameCrc32: number[];
  readonly fileBytes: number;
}

/**
 * Second pass over a filtered recording: scale each frame, write it, and rename the complete file to its name after fsync.
 * A full or read-only disk is a CacheError; no partly written file remains.
 */
export async function writeSamples(
  dir: string,
  id: string,
  layout: FrameLayout,
  buffer: FrameSpillBuffer,
  scaling: FrameScaling,
): Promise<WrittenSamples> {
  const path = join(dir, recordingFile(id, layout.sampleType));
  const storeFrame = createFrameStorer(scaling);
  return writeAtomically(dir, path, async (handle) => {
    const frames = createFrame(layout, Math.min(FRAMES_PER_WRITE, buffer.frameCount));
    const length = layout.channelCount * layout.frameSamples;
    const frameCrc32: number[] = [];
    for (let first = 0; first < buffer.frameCount; first += FRAMES_PER_WRITE) {
      const end = Math.min(buffer.frameCount, first + FRAMES_PER_WRITE);
      for (let frame = first; frame < end; frame++) {
        const stored = frames.subarray((frame - first) * length, (frame - first + 1) * length);
        const valid = Math.min(FRAME_SAMPLES, buffer.sampleCount - frame * FRAME_SAMPLES);
        storeFrame(stored, await buffer.frame(frame), valid);
        frameCrc32.push(crc32(bytesOf(stored)));
      }
      await writeFully(
        handle,
        bytesOf(frames).subarray(0, (end - first) * layout.frameBytes),
        first * layout.frameBytes,
      );
    }
    return { frameCrc32, fileBytes: frameCrc32.length * layout.frameBytes };
  });
}
