import { join } from "node:path";
import { crc32 } from "node:zlib";
import { recordingFile } from "./folder.js";
import { bytesOf, createFrame, FRAME_SAMPLES, type FrameLayout } from "./format.js";
import { type FrameScaling, storeFrameInto } from "./normalize.js";
import { type FrameSpool, writeFully } from "./spool.js";
import { writeWhole } from "./temporary.js";

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
    const stored = createFrame(layout);
    const bytes = bytesOf(stored);
    const frameCrc32: number[] = [];
    for (let frame = 0; frame < spool.frameCount; frame++) {
      const valid = Math.min(FRAME_SAMPLES, spool.sampleCount - frame * FRAME_SAMPLES);
      storeFrameInto(stored, await spool.frame(frame), valid, scaling);
      frameCrc32.push(crc32(bytes));
      await writeFully(handle, bytes, frame * layout.frameBytes);
    }
    return { frameCrc32, fileBytes: frameCrc32.length * layout.frameBytes };
  });
}
