import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import { bytesOf, FRAME_SAMPLES } from "./format.js";

export interface SpoolOptions {
  readonly channelCount: number;
  /** Bytes of frames kept in memory; what is beyond goes to `spillPath`. */
  readonly memoryLimitBytes: number;
  /** File for the frames beyond the limit; made when first needed, removed by `close`. */
  readonly spillPath: string;
}

/** Frames for the next spool, so that a thread does not ask the system for memory with every recording. */
const idle: Float32Array[] = [];
/** 24 MiB of frames of 19 channels: a recording of 20 minutes. */
const IDLE_FRAMES = 128;

function takeFrame(length: number): Float32Array {
  const frame = idle.pop();
  return frame?.length === length ? frame : new Float32Array(length);
}

/**
 * Holds a filtered recording as float32 frames `[channel, FRAME_SAMPLES]` between the two passes of the normalisation:
 * in memory up to a limit, in a temporary file beyond it. Fill it with `put` and, after each block, `settle`; then `finish`.
 */
export class FrameSpool {
  sampleCount = 0;
  private readonly frameLength: number;
  private readonly memoryFrames: number;
  /** Frames in memory: the first ones of the recording, then those that are not spilled yet. */
  private readonly frames: Float32Array[] = [];
  private spilled = 0;
  private spill: FileHandle | undefined;
  private back: Float32Array | undefined;

  constructor(private readonly options: SpoolOptions) {
    this.frameLength = options.channelCount * FRAME_SAMPLES;
    this.memoryFrames = Math.max(0, Math.floor(options.memoryLimitBytes / (this.frameLength * 4)));
  }

  get frameCount(): number {
    return this.frames.length + this.spilled;
  }

  /** Keep a copy of one channel's samples, `at` being the first one's position in the recording; no gaps, any order of channels. */
  put(channel: number, samples: Float32Array, at: number): void {
    const end = at + samples.length;
    for (let from = at; from < end; ) {
      const frame = Math.floor(from / FRAME_SAMPLES);
      const to = Math.min(end, (frame + 1) * FRAME_SAMPLES);
      const whole = from === at && to === end;
      this.frameToFill(frame).set(
        whole ? samples : samples.subarray(from - at, to - at),
        channel * FRAME_SAMPLES + from - frame * FRAME_SAMPLES,
      );
      from = to;
    }
    if (end > this.sampleCount) this.sampleCount = end;
  }

  private frameToFill(index: number): Float32Array {
    const place = index < this.memoryFrames ? index : index - this.spilled;
    while (this.frames.length <= place) this.frames.push(takeFrame(this.frameLength));
    return this.frames[place]!;
  }

  /** Append rows of equal length, one per channel; they are copied. */
  async push(rows: readonly Float32Array[]): Promise<void> {
    const at = this.sampleCount;
    for (const [channel, row] of rows.entries()) this.put(channel, row, at);
    await this.settle();
  }

  /** Move complete frames beyond the memory limit to the file; call it when all channels are equally long. */
  async settle(): Promise<void> {
    const complete = Math.floor(this.sampleCount / FRAME_SAMPLES) - this.spilled;
    await this.spillUpTo(complete);
  }

  /** Zero the rest of the last frame. */
  async finish(): Promise<void> {
    const fill = this.sampleCount % FRAME_SAMPLES;
    const last = this.frames.at(-1);
    if (fill > 0 && last)
      for (let channel = 0; channel < this.options.channelCount; channel++)
        last.fill(0, channel * FRAME_SAMPLES + fill, (channel + 1) * FRAME_SAMPLES);
    await this.spillUpTo(this.frames.length);
  }

  /** Write the frames in memory from the limit to `count` to the file and forget them. */
  private async spillUpTo(count: number): Promise<void> {
    if (count <= this.memoryFrames) return;
    if (!this.spill) {
      await makeFolder(dirname(this.options.spillPath));
      this.spill = await open(this.options.spillPath, "wx+");
    }
    for (const frame of this.frames.splice(this.memoryFrames, count - this.memoryFrames)) {
      await writeFully(this.spill, bytesOf(frame), this.spilled * this.frameLength * 4);
      this.spilled += 1;
      giveBack(frame);
    }
  }

  /** Frame `index` as a view that the next call may overwrite. */
  async frame(index: number): Promise<Float32Array> {
    const kept = this.frames[index];
    if (kept) return kept;
    this.back ??= takeFrame(this.frameLength);
    const bytes = bytesOf(this.back);
    const position = (index - this.frames.length) * bytes.length;
    const { bytesRead } = await this.spill!.read(bytes, 0, bytes.length, position);
    if (bytesRead !== bytes.length) throw new RangeError(`invalid spool frame: ${index} of ${this.frameCount}`);
    return this.back;
  }

  /** Forget everything and remove the spill file. */
  async close(): Promise<void> {
    for (const frame of this.frames.splice(0)) giveBack(frame);
    if (this.back) giveBack(this.back);
    this.back = undefined;
    await this.spill?.close();
    if (this.spill) await rm(this.options.spillPath, { force: true });
  }
}

function giveBack(frame: Float32Array): void {
  if (idle.length < IDLE_FRAMES) idle.push(frame);
}

/** Write all of `data` at `position`; a short write (a full disk gives one before the error) is carried on. */
export async function writeFully(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
