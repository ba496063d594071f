import { fstatSync } from "node:fs";
import { join } from "node:path";
import { CacheError, NotFoundError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { resolveFolder } from "../cache/folder.js";
import { bytesOf, frameCountOf, frameLayout, type StoredFrame } from "../cache/format.js";
import type { Manifest, ManifestRecording } from "../cache/manifest.js";
import { recordedSamples, segmentsOf } from "../cache/segments.js";
import { FrameReader, type FrameRequest, spanOf } from "./frame-reader.js";
import { labelsInto, maskInto, seizureRanges } from "./labels.js";
import { OpenFiles } from "./open-files.js";

export interface WindowReaderOptions {
  /** Files kept open. @default 64 */
  readonly openFiles?: number;
}

/** Reads stretches of cached recordings; `recording` is a position in `manifest.recordings`. Safe to use concurrently. */
export interface WindowReader {
  readonly manifest: Manifest;
  /** Path of the key folder. */
  readonly folder: string;
  readonly channelCount: number;
  /**
   * Fill `out` (`[channel, sampleCount]`, standard deviations) with samples from `startSample`, which may be any whole
   * number; what lies outside the recording or in a gap of it is zero. One positional read up to eight frames. CacheError when the file is missing or has
   * not the length the manifest says; frames are not checked against their CRC (`verifyCache` does).
   */
  readInto(out: Float32Array, recording: number, startSample: number, sampleCount: number): Promise<void>;
  /** `readInto` that does not wait: the fastest way from the page cache, and for threads that have nothing else to do. */
  readIntoSync(out: Float32Array, recording: number, startSample: number, sampleCount: number): void;
  /**
   * Fill `out` (`[frame, channel, FRAME_SAMPLES]`, the cache's own type) with frames as they are stored, from `firstFrame`
   * on: numbers times `INT16_SCALE` are standard deviations in an int16 cache. Errors as `readInto`'s.
   */
  readStoredSync(out: StoredFrame, recording: number, firstFrame: number): void;
  /** Fill `out` (`[sample]`) with 1 for seizure and 0 otherwise. */
  labelsInto(out: Float32Array, recording: number, startSample: number): void;
  /** Fill `out` (`[sample]`) with 1 where the sample exists and its label is known, else 0. */
  maskInto(out: Float32Array, recording: number, startSample: number): void;
  /** Position of a recording in the manifest. NotFoundError when it has none of that id. */
  positionOf(id: string): number;
  close(): Promise<void>;
}

/** Zero what follows the first `validSamples` of each channel of a window, `[channel, sampleCount]`: behind a gap lies another segment. */
export function zeroAfter(window: Float32Array, sampleCount: number, validSamples: number): void {
  if (validSamples >= sampleCount) return;
  for (let start = 0; start < window.length; start += sampleCount)
    window.fill(0, start + validSamples, start + sampleCount);
}

/** Open the cache at `cacheDir` (a cache folder or the key folder of `manifest`) for reading windows. */
export async function openWindowReader(
  cacheDir: string,
  manifest: Manifest,
  options: WindowReaderOptions = {},
): Promise<WindowReader> {
  const { path: folder } = await resolveFolder(cacheDir, manifest.key);
  return openKeyFolder(folder, manifest, options);
}

function checkSize(path: string, file: number, expected: number | undefined): void {
  const { size } = fstatSync(file);
  if (size === expected) return;
  const message = `${path} has ${size} bytes, the manifest says ${expected}; run: ictal cache verify`;
  throw new CacheError(message, { found: size, expected });
}

/** `openWindowReader` on the key folder itself, without a look at its description. */
export function openKeyFolder(folder: string, manifest: Manifest, options: WindowReaderOptions = {}): WindowReader {
  requireCounts({ openFiles: options.openFiles });
  const layout = frameLayout(manifest.channels.length, manifest.sampleType);
  const paths = manifest.recordings.map(({ file }) => join(folder, file));
  const bytesAt = new Map(manifest.recordings.map(({ fileBytes }, position) => [paths[position]!, fileBytes]));
  const positions = new Map(manifest.recordings.map(({ id }, position) => [id, position]));
  const ranges = new Array<Uint32Array | undefined>(manifest.recordings.length);
  const files = new OpenFiles(options.openFiles ?? 64, (path, file) => checkSize(path, file, bytesAt.get(path)));
  const frames = new FrameReader(layout, files);
  const recordingAt = (position: number): ManifestRecording => {
    const recording = manifest.recordings[position];
    if (!recording) throw new RangeError(`invalid recording: ${position} of ${manifest.recordings.length}`);
    return recording;
  };
  /** What to read for `out`, a request per segment that it meets, `out` cleared where none of them reaches. */
  const requests = (out: Float32Array, position: number, startSample: number, sampleCount: number): FrameRequest[] => {
    const recording = recordingAt(position);
    if (!Number.isInteger(startSample)) throw new RangeError(`invalid startSample: ${startSample}`);
    if (out.length !== layout.channelCount * sampleCount)
      throw new RangeError(`invalid out: ${out.length} values, expected ${layout.channelCount} x ${sampleCount}`);
    const found: FrameRequest[] = [];
    let filled = 0;
    let stored = 0; // samples of the segments before
    for (const segment of segmentsOf(recording)) {
      const start = startSample - segment.startSample + stored; // where `out` begins, among the stored samples
      const span = spanOf(layout, { first: stored, end: stored + segment.sampleCount }, start, sampleCount);
      stored += segment.sampleCount;
      if (span.frames === 0) continue;
      filled += span.end - span.start;
      found.push({ out, startSample: start, sampleCount, path: paths[position]!, span });
    }
    if (filled < sampleCount) out.fill(0);
    return found;
  };
  return {
    manifest,
    folder,
    channelCount: layout.channelCount,
    async readInto(out, position, startSample, sampleCount) {
      for (const asked of requests(out, position, startSample, sampleCount)) await frames.read(asked);
    },
    readIntoSync(out, position, startSample, sampleCount) {
      for (const asked of requests(out, position, startSample, sampleCount)) frames.readSync(asked);
    },
    readStoredSync(out, position, firstFrame) {
      const frameCount = frameCountOf(recordedSamples(recordingAt(position)));
      const count = out.byteLength / layout.frameBytes;
      if (out instanceof Int16Array !== (layout.sampleType === "int16") || !Number.isInteger(count))
        throw new RangeError(`invalid out: ${out.length} values, expected whole frames of ${layout.sampleType}`);
      if (!Number.isInteger(firstFrame) || firstFrame < 0 || firstFrame + count > frameCount)
        throw new RangeError(`invalid frames: ${firstFrame} to ${firstFrame + count} of ${frameCount}`);
      frames.readStoredSync(bytesOf(out), paths[position]!, firstFrame);
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
    close: async () => files.close(),
  };
}
