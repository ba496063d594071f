import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { bytesOf, FRAME_SAMPLES } from "./format.js";
import { makeFolder } from "./temporary.js";

export interface SpoolOptions {
  readonly channelCount: number;
  /** Bytes of frames kept in memory; what is beyond goes to `spillPath`. */
  readonly memoryLimitBytes: number;
  /** File for the frames beyond the limit; made when first needed, removed by `close`. */
  readonly spillPath: string;
}

/**
 * Holds a filtered recording as float32 frames `[channel, FRAME_SAMPLES]` between the two passes of the normalisation:
 * in memory up to a limit, in a temporary file beyond it.
 */
export class FrameSpool {
  sampleCount = 0;
  private readonly frameLength: number;
  private readonly memoryFrames: number;
  private readonly frames: Float32Array[] = [];
  private filling: Float32Array;
  private fill = 0;
  private written = 0;
  private spill: FileHandle | undefined;
  private readonly back: Float32Array;

  constructor(private readonly options: SpoolOptions) {
    this.frameLength = options.channelCount * FRAME_SAMPLES;
    this.memoryFrames = Math.max(0, Math.floor(options.memoryLimitBytes / (this.frameLength * 4)));
    this.filling = new Float32Array(this.frameLength);
    this.back = new Float32Array(this.frameLength);
  }

  get frameCount(): number {
    return this.frames.length + this.written;
  }

  /** Append rows of equal length, one per channel; they are copied. */
  async push(rows: readonly Float32Array[]): Promise<void> {
    const length = rows[0]?.length ?? 0;
    for (let done = 0; done < length; ) {
      const count = Math.min(FRAME_SAMPLES - this.fill, length - done);
      for (let channel = 0; channel < this.options.channelCount; channel++)
        this.filling.set(rows[channel]!.subarray(done, done + count), channel * FRAME_SAMPLES + this.fill);
      this.fill += count;
      done += count;
      this.sampleCount += count;
      if (this.fill === FRAME_SAMPLES) await this.keep();
    }
  }

  /** Keep the last, part-filled frame; its rest is zero. */
  async finish(): Promise<void> {
    if (this.fill === 0) return;
    for (let channel = 0; channel < this.options.channelCount; channel++)
      this.filling.fill(0, channel * FRAME_SAMPLES + this.fill, (channel + 1) * FRAME_SAMPLES);
    await this.keep();
  }

  private async keep(): Promise<void> {
    this.fill = 0;
    if (this.frames.length < this.memoryFrames) {
      this.frames.push(this.filling);
      this.filling = new Float32Array(this.frameLength);
      return;
    }
    if (!this.spill) {
      await makeFolder(dirname(this.options.spillPath));
      this.spill = await open(this.options.spillPath, "wx+");
    }
    await writeFully(this.spill, bytesOf(this.filling), this.written * this.frameLength * 4);
    this.written += 1;
  }

  /** Frame `index` as a view that the next call may overwrite. */
  async frame(index: number): Promise<Float32Array> {
    const kept = this.frames[index];
    if (kept) return kept;
    const bytes = bytesOf(this.back);
    const position = (index - this.frames.length) * bytes.length;
    const { bytesRead } = await this.spill!.read(bytes, 0, bytes.length, position);
    if (bytesRead !== bytes.length) throw new RangeError(`invalid spool frame: ${index} of ${this.frameCount}`);
    return this.back;
  }

  /** Forget everything and remove the spill file. */
  async close(): Promise<void> {
    this.frames.length = 0;
    await this.spill?.close();
    await rm(this.options.spillPath, { force: true });
  }
}

/** Write all of `data` at `position`; a short write (a full disk gives one before the error) is carried on. */
export async function writeFully(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    const { bytesWritten } = await handle.write(data, done, data.length - done, position + done);
    done += bytesWritten;
  }
}
