import { join } from "node:path";
import { crc32 } from "node:zlib";
import { recordingFile } from "./folder.js";
import { bytesOf, createFrame, FRAME_SAMPLES, type FrameLayout } from "./format.js";
import { type FrameScaling, storeFrameInto } from "./normalize.js";
import { type FrameSpool, writeFully } from "./spool.js";
import { writeWhole } from "./temporary.js";

/** About 1 MB of 19 channels. */
const FRAMES_PER_WRITE = 10;

/** What was written of a recording: the CRC-32 of each frame and the length of the file. */
export interface WrittenSamples {
  readonly frameCrc32: number[];
  readonly fileBytes: number;
}

/**
 * Second pass over a filtered recording: scale each frame, write it, and rename the whole file into place after fsync.
 * A full or read-only disk is a CacheError; nothing half-written stays.
 */
export async function writeSamples(
  folder: string,
  id: string,
  layout: FrameLayout,
  spool: FrameSpool,
  scaling: FrameScaling,
): Promise<WrittenSamples> {
  const path = join(folder, recordingFile(id, layout.sampleType));
  return writeWhole(folder, path, async (handle) => {
    const room = createFrame(layout, Math.min(FRAMES_PER_WRITE, spool.frameCount));
    const length = layout.channelCount * layout.frameSamples;
    const frameCrc32: number[] = [];
    for (let first = 0; first < spool.frameCount; first += FRAMES_PER_WRITE) {
      const end = Math.min(spool.frameCount, first + FRAMES_PER_WRITE);
      for (let frame = first; frame < end; frame++) {
        const stored = room.subarray((frame - first) * length, (frame - first + 1) * length);
        const valid = Math.min(FRAME_SAMPLES, spool.sampleCount - frame * FRAME_SAMPLES);
        storeFrameInto(stored, await spool.frame(frame), valid, scaling);
        frameCrc32.push(crc32(bytesOf(stored)));
      }
      await writeFully(handle, bytesOf(room).subarray(0, (end - first) * layout.frameBytes), first * layout.frameBytes);
    }
    return { frameCrc32, fileBytes: frameCrc32.length * layout.frameBytes };
  });
}
