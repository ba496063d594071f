import { open } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { CacheError, NotFoundError } from "@ictal/base/errors";
import { type CacheFolder, resolveFolder } from "./folder.js";
import { bytesOf, createFrame, frameCountOf, frameLayout, type StoredFrame } from "./format.js";
import type { ReadManifestOptions } from "./manifest.js";
import { recordingFile } from "./paths.js";
import { recordedSamples } from "./segments.js";
import { listSidecars, readSidecar, type Sidecar } from "./sidecar.js";
import { requireTimelineCheck } from "./timeline-check.js";

/** A cache opened for looking at single recordings; training reads windows with `openWindowReader`. */
export interface Cache {
  readonly folder: CacheFolder;
  /** Relative paths of the sidecars, ascending. */
  list(): Promise<string[]>;
  /**
   * What is known of a recording. NotFoundError when it is not cached, CacheError when it is damaged or of version 0.1, which did
   * not compare timestamps with samples.
   */
  sidecar(id: string): Promise<Sidecar>;
}

/** Open the cache at `dir` (a cache folder with one key, or a key folder). */
export async function openCache(dir: string, options: ReadManifestOptions = {}): Promise<Cache> {
  const { signal } = options;
  signal?.throwIfAborted();
  const folder = await resolveFolder(dir, options.key);
  return {
    folder,
    list: () => listSidecars(folder),
    async sidecar(id) {
      const sidecar = await readSidecar(folder.path, id, { signal });
      if (sidecar) {
        requireTimelineCheck(sidecar);
        return sidecar;
      }
      throw new NotFoundError(`${id} is not in the cache ${folder.path}; run: ictal cache build`, id);
    },
  };
}

/** A stored frame as read: numbers times `scale` are standard deviations. */
export interface FrameRead {
  readonly frame: number;
  /** `[channel, frameSamples]`, int16 or float32; owned by the caller. */
  readonly values: StoredFrame;
  readonly scale: number;
  /** Samples of the frame that belong to the recording. */
  readonly validSamples: number;
}

/** Which frames to read. @default all */
export interface FrameRange {
  readonly startFrame?: number | undefined;
  /** One past the last frame. */
  readonly endFrame?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Frames `[startFrame, endFrame)` of a recording, each checked against its CRC; a CacheError names the first bad frame.
 * @default all frames
 */
export async function* readFrames(cache: Cache, id: string, range: FrameRange = {}): AsyncGenerator<FrameRead> {
  const sidecar = await cache.sidecar(id);
  const layout = frameLayout(sidecar.channels.length, sidecar.sampleType);
  const last = frameCountOf(recordedSamples(sidecar));
  const { startFrame = 0, endFrame = last, signal } = range;
  if (startFrame < 0 || endFrame > last) throw new RangeError(`invalid frames: ${startFrame}..${endFrame} of ${last}`);
  const file = join(cache.folder.path, recordingFile(id, sidecar.sampleType));
  const handle = await open(file, "r");
  try {
    for (let frame = startFrame; frame < endFrame; frame++) {
      signal?.throwIfAborted();
      const values = createFrame(layout);
      const bytes = bytesOf(values);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, frame * layout.frameBytes);
      if (bytesRead !== bytes.length || crc32(bytes) !== sidecar.frameCrc32[frame])
        throw new CacheError(`${file}: frame ${frame} is damaged; repair it with: ictal cache build --verify`, {
          found: bytesRead === bytes.length ? crc32(bytes) : `${bytesRead} bytes`,
          expected: sidecar.frameCrc32[frame],
        });
      const validSamples = Math.min(layout.frameSamples, recordedSamples(sidecar) - frame * layout.frameSamples);
      yield { frame, values, scale: layout.scale, validSamples };
    }
  } finally {
    await handle.close();
  }
}
