import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import { type Borrowed, lend } from "../base/borrowed.js";
import { bytesOf, FRAME_SAMPLES } from "./format.js";

export interface FrameSpillBufferOptions {
  readonly channelCount: number;
  /** Bytes of frames kept in memory; what is beyond goes to `spillPath`. */
  readonly memoryLimitBytes: number;
  /** File for the frames beyond the limit; created when first needed, removed by `close`. */
  readonly spillPath: string;
}

/** Frames for the next buffer, so that a thread does not allocate memory for every recording. */
const pool: Float32Array[] = [];
/** 24 MiB of frames of 19 channels: a recording of 20 minutes. */
const POOL_FRAMES = 128;

function takeFrame(length: number): Float32Array {
  const frame = pool.pop();
  return frame?.length === length ? frame : new Float32Array(length);
}

function releaseFrame(frame: Float32Array): void {
  if (pool.length < POOL_FRAMES) pool.push(frame);
}

/**
 * Holds a filtered recording as float32 frames `[channel, FRAME_SAMPLES]` between the two passes of the normalisation:
 * in memory up to a limit, in a temporary file beyond it. Fill it with `put` and, after each block, `settle`; then `finish`.
 */
export class FrameSpillBuffer {
  readonly #options: FrameSpillBufferOptions;
  readonly #frameLength: number;
  readonly #memoryFrames: number;
  /** Frames in memory: the first ones of the recording, then those that are not spilled yet. */
  readonly #frames: Float32Array[] = [];
  #sampleCount = 0;
  #spilled = 0;
  #spill: FileHandle | undefined;
  /** A frame read back from the file. */
  #readBack: Float32Array | undefined;

  constructor(options: FrameSpillBufferOptions) {
    this.#options = options;
    this.#frameLength = options.channelCount * FRAME_SAMPLES;
    this.#memoryFrames = Math.max(0, Math.floor(options.memoryLimitBytes / (this.#frameLength * 4)));
  }

  /** Samples per channel so far. */
  get sampleCount(): number {
    return this.#sampleCount;
  }

  get frameCount(): number {
    return this.#frames.length + this.#spilled;
  }

  /** Keep a copy of one channel's samples, `at` being the first one's position in the recording; no gaps, any order of channels. */
  put(channel: number, samples: Float32Array, at: number): void {
    const end = at + samples.length;
    for (let from = at; from < end; ) {
      const frame = Math.floor(from / FRAME_SAMPLES);
      const to = Math.min(end, (frame + 1) * FRAME_SAMPLES);
      const isWhole = from === at && to === end;
      this.#frameToFill(frame).set(
        isWhole ? samples : samples.subarray(from - at, to - at),
        channel * FRAME_SAMPLES + from - frame * FRAME_SAMPLES,
      );
      from = to;
    }
    if (end > this.#sampleCount) this.#sampleCount = end;
  }

  #frameToFill(index: number): Float32Array {
    const position = index < this.#memoryFrames ? index : index - this.#spilled;
    for (;;) {
      const frame = this.#frames[position];
      if (frame) return frame;
      this.#frames.push(takeFrame(this.#frameLength));
    }
  }

  /** Append rows of equal length, one per channel; they are copied. */
  async push(rows: readonly Float32Array[]): Promise<void> {
    const at = this.#sampleCount;
    for (const [channel, row] of rows.entries()) this.put(channel, row, at);
    await this.settle();
  }

  /** Move complete frames beyond the memory limit to the file; call it when all channels are equally long. */
  async settle(): Promise<void> {
    await this.#spillUpTo(Math.floor(this.#sampleCount / FRAME_SAMPLES) - this.#spilled);
  }

  /** Zero the rest of the last frame. */
  async finish(): Promise<void> {
    const fill = this.#sampleCount % FRAME_SAMPLES;
    const last = this.#frames.at(-1);
    if (fill > 0 && last)
      for (let channel = 0; channel < this.#options.channelCount; channel++)
        last.fill(0, channel * FRAME_SAMPLES + fill, (channel + 1) * FRAME_SAMPLES);
    await this.#spillUpTo(this.#frames.length);
  }

  /** Write the frames in memory from the limit to `count` to the file and forget them. */
  async #spillUpTo(count: number): Promise<void> {
    if (count <= this.#memoryFrames) return;
    if (!this.#spill) {
      await makeFolder(dirname(this.#options.spillPath));
      this.#spill = await open(this.#options.spillPath, "wx+");
    }
    for (const frame of this.#frames.splice(this.#memoryFrames, count - this.#memoryFrames)) {
      await writeFully(this.#spill, bytesOf(frame), this.#spilled * this.#frameLength * 4);
      this.#spilled += 1;
      releaseFrame(frame);
    }
  }

  /** Frame `index`. RangeError when there is none. */
  async frame(index: number): Promise<Borrowed<Float32Array>> {
    const inMemory = this.#frames[index];
    if (inMemory) return lend(inMemory);
    this.#readBack ??= takeFrame(this.#frameLength);
    const bytes = bytesOf(this.#readBack);
    const position = (index - this.#frames.length) * bytes.length;
    const read = await this.#spill?.read(bytes, 0, bytes.length, position);
    if (read?.bytesRead !== bytes.length) throw new RangeError(`invalid frame: ${index} of ${this.frameCount}`);
    return lend(this.#readBack);
  }

  /** Forget everything and remove the spill file. */
  async close(): Promise<void> {
    for (const frame of this.#frames.splice(0)) releaseFrame(frame);
    if (this.#readBack) releaseFrame(this.#readBack);
    this.#readBack = undefined;
    await this.#spill?.close();
    if (this.#spill) await rm(this.#options.spillPath, { force: true });
  }
}

/** Write all of `data` at `position`; after a short write (a full disk gives one before the error) the rest is written. */
export async function writeFully(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
