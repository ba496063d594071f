import { fstatSync } from "node:fs";
import { join } from "node:path";
import { CacheError, NotFoundError } from "@ictal/base/errors";
import { requireCounts } from "@ictal/base/options";
import { resolveFolder } from "../cache/folder.js";
import { bytesOf, type FrameLayout, frameCountOf, frameLayout, type StoredFrame } from "../cache/format.js";
import type { Manifest, ManifestRecording } from "../cache/manifest.js";
import { recordedSamples, segmentsOf } from "../cache/segments.js";
import { FrameReader, type FrameRequest, spanOf } from "./frame-reader.js";
import { labelsInto, maskInto, seizureRanges } from "./labels.js";
import { OpenFiles } from "./open-files.js";

export interface WindowReaderOptions {
  /** Files kept open. @default 64 */
  readonly openFiles?: number | undefined;
  /** Aborting ends the opening; reads take a signal of their own. */
  readonly signal?: AbortSignal | undefined;
}

/** Reads consecutive samples of cached recordings; `recording` is a position in `manifest.recordings`. Safe to use concurrently. */
export interface WindowReader {
  readonly manifest: Manifest;
  /** Path of the key folder. */
  readonly folder: string;
  readonly channelCount: number;
  /**
   * Fill `out` (`[channel, sampleCount]`, standard deviations) with samples from `startSample`, which may be any whole
   * number; what lies outside the recording or in a gap of it is zero. One positional read up to eight frames. CacheError when the file is missing or has
   * not the length the manifest says; frames are not checked against their CRC (`verifyCache` does). An aborted `signal` ends it
   * with its reason between two reads.
   */
  readInto(
    out: Float32Array,
    recording: number,
    startSample: number,
    sampleCount: number,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<void>;
  /** `readInto` that blocks the thread: fastest from the page cache, and for threads that have nothing else to do. */
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

/** Zero what follows the first `validSamples` of each channel of a window, `[channel, sampleCount]`: after a gap follows another segment. */
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
  options.signal?.throwIfAborted();
  const { path: folder } = await resolveFolder(cacheDir, manifest.key);
  return openKeyFolder(folder, manifest, options);
}

function checkSize(path: string, file: number, expected: number | undefined): void {
  const { size } = fstatSync(file);
  if (size === expected) return;
  const message = `${path} has ${size} bytes, the manifest says ${expected}; run: ictal cache verify`;
  throw new CacheError(message, { found: size, expected });
}

/** `openWindowReader` on the key folder itself; its description is not read. */
export function openKeyFolder(dir: string, manifest: Manifest, options: WindowReaderOptions = {}): WindowReader {
  requireCounts({ openFiles: options.openFiles });
  return new CacheReader(dir, manifest, options.openFiles ?? 64);
}

interface RecordingFile {
  readonly recording: ManifestRecording;
  readonly path: string;
}

class CacheReader implements WindowReader {
  readonly channelCount: number;
  readonly #layout: FrameLayout;
  /** By position in the manifest. */
  readonly #recordings: readonly RecordingFile[];
  readonly #files: OpenFiles;
  readonly #frames: FrameReader;
  readonly #positions: ReadonlyMap<string, number>;
  /** Seizures of the recordings that were asked for, by position. */
  readonly #ranges: (Uint32Array | undefined)[];

  constructor(
    readonly folder: string,
    readonly manifest: Manifest,
    openFiles: number,
  ) {
    this.#layout = frameLayout(manifest.channels.length, manifest.sampleType);
    this.channelCount = this.#layout.channelCount;
    this.#recordings = manifest.recordings.map((recording) => ({ recording, path: join(folder, recording.file) }));
    const bytesAt = new Map(this.#recordings.map(({ recording, path }) => [path, recording.fileBytes]));
    this.#files = new OpenFiles(openFiles, (path, file) => checkSize(path, file, bytesAt.get(path)));
    this.#frames = new FrameReader(this.#layout, this.#files);
    this.#positions = new Map(manifest.recordings.map(({ id }, position) => [id, position]));
    this.#ranges = new Array<Uint32Array | undefined>(manifest.recordings.length);
  }

  async readInto(
    out: Float32Array,
    position: number,
    startSample: number,
    sampleCount: number,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    for (const request of this.#requests(out, position, startSample, sampleCount)) {
      signal?.throwIfAborted();
      await this.#frames.read(request);
    }
  }

  readIntoSync(out: Float32Array, position: number, startSample: number, sampleCount: number): void {
    for (const request of this.#requests(out, position, startSample, sampleCount)) this.#frames.readSync(request);
  }

  readStoredSync(out: StoredFrame, position: number, firstFrame: number): void {
    const { frameBytes, sampleType } = this.#layout;
    const { recording, path } = this.#fileAt(position);
    const frameCount = frameCountOf(recordedSamples(recording));
    const count = out.byteLength / frameBytes;
    if (out instanceof Int16Array !== (sampleType === "int16") || !Number.isInteger(count))
      throw new RangeError(`invalid out: ${out.length} values, expected whole frames of ${sampleType}`);
    if (!Number.isInteger(firstFrame) || firstFrame < 0 || firstFrame + count > frameCount)
      throw new RangeError(`invalid frames: ${firstFrame} to ${firstFrame + count} of ${frameCount}`);
    this.#frames.readStoredSync(bytesOf(out), path, firstFrame);
  }

  labelsInto(out: Float32Array, position: number, startSample: number): void {
    const known = this.#ranges[position];
    const ranges = known ?? seizureRanges(this.#fileAt(position).recording, this.manifest.sampleRateHz);
    this.#ranges[position] = ranges;
    labelsInto(out, ranges, startSample);
  }

  maskInto(out: Float32Array, position: number, startSample: number): void {
    maskInto(out, this.#fileAt(position).recording, startSample);
  }

  positionOf(id: string): number {
    const position = this.#positions.get(id);
    if (position === undefined) throw new NotFoundError(`${id} is not in the manifest`, id);
    return position;
  }

  async close(): Promise<void> {
    this.#files.close();
  }

  #fileAt(position: number): RecordingFile {
    const file = this.#recordings[position];
    if (!file) throw new RangeError(`invalid recording: ${position} of ${this.#recordings.length}`);
    return file;
  }

  /** What to read for `out`, a request per segment that it overlaps, `out` zeroed where no segment reaches. */
  #requests(out: Float32Array, position: number, startSample: number, sampleCount: number): FrameRequest[] {
    const { recording, path } = this.#fileAt(position);
    if (!Number.isInteger(startSample)) throw new RangeError(`invalid startSample: ${startSample}`);
    if (out.length !== this.channelCount * sampleCount)
      throw new RangeError(`invalid out: ${out.length} values, expected ${this.channelCount} x ${sampleCount}`);
    const found: FrameRequest[] = [];
    let filled = 0;
    let stored = 0; // samples of the segments before
    for (const segment of segmentsOf(recording)) {
      const start = startSample - segment.startSample + stored; // where `out` begins, among the stored samples
      const span = spanOf(this.#layout, { first: stored, end: stored + segment.sampleCount }, start, sampleCount);
      stored += segment.sampleCount;
      if (span.frames === 0) continue;
      filled += span.end - span.start;
      found.push({ out, startSample: start, sampleCount, path, span });
    }
    if (filled < sampleCount) out.fill(0);
    return found;
  }
}
