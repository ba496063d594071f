import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { CacheError, NotFoundError } from "../base/errors.js";
import { resolveFolder } from "../cache/folder.js";
import { bytesOf, type FrameLayout, frameLayout, type StoredFrame } from "../cache/format.js";
import type { Manifest, ManifestRecording } from "../cache/manifest.js";
import { labelsInto, maskInto, seizureRanges } from "./labels.js";
import { OpenFiles } from "./open-files.js";

export interface WindowReaderOptions {
  /** Files kept open. @default 64 */
  readonly openFiles?: number;
}

/** Reads stretches of cached recordings; `recording` is a position in `manifest.recordings`. Safe to use concurrently. */
export interface WindowReader {
  readonly manifest: Manifest;
  readonly channelCount: number;
  /**
   * Fill `out` (`[channel, sampleCount]`, standard deviations) with samples from `startSample`, which may be any whole
   * number; what lies outside the recording is zero. One positional read. CacheError when the file is missing or has
   * not the length the manifest says; frames are not checked against their CRC (`verifyCache` does).
   */
  readInto(out: Float32Array, recording: number, startSample: number, sampleCount: number): Promise<void>;
  /** Fill `out` (`[sample]`) with 1 for seizure and 0 otherwise. */
  labelsInto(out: Float32Array, recording: number, startSample: number): void;
  /** Fill `out` (`[sample]`) with 1 where the sample exists and its label is known, else 0. */
  maskInto(out: Float32Array, recording: number, startSample: number): void;
  /** Position of a recording in the manifest. NotFoundError when it has none of that id. */
  positionOf(id: string): number;
  close(): Promise<void>;
}

/** A span of whole frames and how `[startSample, endSample)`, cut to the recording, lies in it. */
interface Span {
  readonly firstFrame: number;
  readonly frames: number;
  readonly start: number;
  readonly end: number;
}

function spanOf(layout: FrameLayout, sampleTotal: number, startSample: number, sampleCount: number): Span {
  const start = Math.max(0, startSample);
  const end = Math.min(sampleTotal, startSample + sampleCount);
  const firstFrame = Math.floor(start / layout.frameSamples);
  return { firstFrame, frames: Math.max(0, Math.ceil(end / layout.frameSamples) - firstFrame), start, end };
}

/** `out[i] = stored[i] * scale`, eight samples a turn, which V8 runs about 1.6 times as fast as one. */
function scaleInto(out: Float32Array, stored: Int16Array, scale: number): void {
  const whole = stored.length & ~7;
  for (let i = 0; i < whole; i += 8) {
    out[i] = stored[i]! * scale;
    out[i + 1] = stored[i + 1]! * scale;
    out[i + 2] = stored[i + 2]! * scale;
    out[i + 3] = stored[i + 3]! * scale;
    out[i + 4] = stored[i + 4]! * scale;
    out[i + 5] = stored[i + 5]! * scale;
    out[i + 6] = stored[i + 6]! * scale;
    out[i + 7] = stored[i + 7]! * scale;
  }
  for (let i = whole; i < stored.length; i++) out[i] = stored[i]! * scale;
}

/** Copy the rows of stored frames into `out` (`[channel, sampleCount]`), scaled; `out` is not cleared. */
function decodeInto(
  out: Float32Array,
  stored: StoredFrame,
  layout: FrameLayout,
  span: Span,
  startSample: number,
  sampleCount: number,
): void {
  const { frameSamples, channelCount, scale } = layout;
  for (let frame = 0; frame < span.frames; frame++) {
    const frameStart = (span.firstFrame + frame) * frameSamples;
    const from = Math.max(span.start, frameStart);
    const length = Math.min(span.end, frameStart + frameSamples) - from;
    for (let channel = 0; channel < channelCount; channel++) {
      const source = (frame * channelCount + channel) * frameSamples + from - frameStart;
      const target = channel * sampleCount + from - startSample;
      if (stored instanceof Int16Array)
        scaleInto(out.subarray(target, target + length), stored.subarray(source, source + length), scale);
      else out.set(stored.subarray(source, source + length), target);
    }
  }
}

/** Buffers of stored frames that are used again; one per read in flight. */
class FrameBuffers {
  private readonly idle: StoredFrame[] = [];
  constructor(private readonly layout: FrameLayout) {}

  take(frames: number): StoredFrame {
    const length = frames * this.layout.channelCount * this.layout.frameSamples;
    const kept = this.idle.pop();
    if (kept && kept.length >= length) return kept;
    return this.layout.sampleType === "int16" ? new Int16Array(length) : new Float32Array(length);
  }

  give(buffer: StoredFrame): void {
    if (this.idle.length < 16) this.idle.push(buffer);
  }
}

async function readSpan(
  handle: FileHandle,
  path: string,
  stored: StoredFrame,
  layout: FrameLayout,
  span: Span,
): Promise<void> {
  const length = span.frames * layout.frameBytes;
  const { bytesRead } = await handle.read(bytesOf(stored), 0, length, span.firstFrame * layout.frameBytes);
  if (bytesRead !== length)
    throw new CacheError(
      `${path}: ${bytesRead} bytes at frame ${span.firstFrame}, expected ${length}; run: ictal cache verify`,
      {
        found: bytesRead,
        expected: length,
      },
    );
}

function mendable(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return error;
  const message = `${path} is missing though the manifest names it; run: ictal cache build, then: ictal manifest`;
  return new CacheError(message, { found: "no file", expected: path }, { cause: error });
}

/** Open the cache at `cacheDir` (a cache folder or the key folder of `manifest`) for reading windows. */
export async function openWindowReader(
  cacheDir: string,
  manifest: Manifest,
  options: WindowReaderOptions = {},
): Promise<WindowReader> {
  const folder = await resolveFolder(cacheDir, manifest.key);
  const layout = frameLayout(manifest.channels.length, manifest.sampleType);
  const buffers = new FrameBuffers(layout);
  const paths = manifest.recordings.map(({ file }) => join(folder.path, file));
  const bytesAt = new Map(manifest.recordings.map(({ fileBytes }, position) => [paths[position]!, fileBytes]));
  const positions = new Map(manifest.recordings.map(({ id }, position) => [id, position]));
  const ranges = new Array<Uint32Array | undefined>(manifest.recordings.length);
  const files = new OpenFiles(options.openFiles ?? 64, async (path, handle) => {
    const { size } = await handle.stat();
    const expected = bytesAt.get(path);
    if (size !== expected)
      throw new CacheError(`${path} has ${size} bytes, the manifest says ${expected}; run: ictal cache verify`, {
        found: size,
        expected,
      });
  });
  const recordingAt = (position: number): ManifestRecording => {
    const recording = manifest.recordings[position];
    if (!recording) throw new RangeError(`invalid recording: ${position} of ${manifest.recordings.length}`);
    return recording;
  };
  return {
    manifest,
    channelCount: layout.channelCount,
    async readInto(out, position, startSample, sampleCount) {
      const recording = recordingAt(position);
      if (!Number.isInteger(startSample)) throw new RangeError(`invalid startSample: ${startSample}`);
      if (out.length !== layout.channelCount * sampleCount)
        throw new RangeError(`invalid out: ${out.length} values, expected ${layout.channelCount} x ${sampleCount}`);
      const span = spanOf(layout, recording.sampleCount, startSample, sampleCount);
      if (span.end - span.start < sampleCount) out.fill(0);
      if (span.frames === 0) return;
      const path = paths[position]!;
      const stored = buffers.take(span.frames);
      try {
        await files.use(path, (handle) => readSpan(handle, path, stored, layout, span));
        decodeInto(out, stored, layout, span, startSample, sampleCount);
      } catch (error) {
        throw mendable(error, path);
      } finally {
        buffers.give(stored);
      }
    },
    labelsInto(out, position, startSample) {
      const known = ranges[position] ?? seizureRanges(recordingAt(position), manifest.sampleRateHz);
      ranges[position] = known;
      labelsInto(out, known, startSample);
    },
    maskInto: (out, position, startSample) => maskInto(out, recordingAt(position), startSample),
    positionOf(id) {
      const position = positions.get(id);
      if (position === undefined) throw new NotFoundError(`${id} is not in the manifest`, id);
      return position;
    },
    close: () => files.close(),
  };
}
