/** Frames of a recording's file, read and decoded into `[channel, sample]`. */
import { read, readSync } from "node:fs";
import { promisify } from "node:util";
import { CacheError } from "@ictal/base/errors";
import type { FrameLayout } from "../cache/format.js";
import { createDecoder } from "./create-decoder.js";
import { DECODER_FRAMES, type FrameDecoder } from "./decode.js";
import type { OpenFiles } from "./open-files.js";

/** A span of whole frames and how `[startSample, endSample)`, cut to the recording, lies in it. */
export interface Span {
  readonly firstFrame: number;
  readonly frames: number;
  readonly start: number;
  readonly end: number;
}

/** The span of `sampleCount` samples from `startSample`, cut to the stored samples from `first` to `end`; empty outside them. */
export function spanOf(
  layout: FrameLayout,
  { first, end: stop }: { readonly first: number; readonly end: number },
  startSample: number,
  sampleCount: number,
): Span {
  const start = Math.max(first, startSample);
  const end = Math.min(stop, startSample + sampleCount);
  const firstFrame = Math.floor(start / layout.frameSamples);
  const frames = end > start ? Math.ceil(end / layout.frameSamples) - firstFrame : 0;
  return { firstFrame, frames, start, end };
}

/** Frames of a span that fit a decoder, from the span's `done`-th frame on. */
interface Part {
  readonly firstFrame: number;
  readonly frames: number;
}

function* partsOf(span: Span, partFrames: number): Generator<Part> {
  for (let done = 0; done < span.frames; done += partFrames)
    yield { firstFrame: span.firstFrame + done, frames: Math.min(partFrames, span.frames - done) };
}

/** What a read asks for: a span of a file and where its samples belong. */
export interface FrameRequest {
  /** `[channel, sampleCount]`. */
  readonly out: Float32Array;
  readonly startSample: number;
  readonly sampleCount: number;
  readonly path: string;
  readonly span: Span;
}

/** Copy what `decoder` holds of `part` into the request's `out`, which is not cleared. */
function decodeInto(request: FrameRequest, decoder: FrameDecoder, part: Part, layout: FrameLayout): void {
  const { out, span, startSample, sampleCount } = request;
  const partStart = part.firstFrame * layout.frameSamples;
  const from = Math.max(span.start, partStart);
  const to = Math.min(span.end, partStart + part.frames * layout.frameSamples);
  const isWhole = to - from === part.frames * layout.frameSamples;
  for (let channel = 0; channel < layout.channelCount; channel++) {
    const row = decoder.row(channel, part.frames);
    const wanted = isWhole ? row : row.subarray(from - partStart, to - partStart);
    out.set(wanted, channel * sampleCount + from - startSample);
  }
}

/** Decoders that are used again; one per read in flight. */
class Decoders {
  private readonly idle: FrameDecoder[] = [];
  constructor(private readonly layout: FrameLayout) {}

  take(): FrameDecoder {
    return this.idle.pop() ?? createDecoder(this.layout);
  }

  give(decoder: FrameDecoder): void {
    if (this.idle.length < 16) this.idle.push(decoder);
  }
}

function checkLength(bytesRead: number, path: string, part: Part, layout: FrameLayout): void {
  const expected = part.frames * layout.frameBytes;
  if (bytesRead === expected) return;
  const message = `${path}: ${bytesRead} bytes at frame ${part.firstFrame}, expected ${expected}; run: ictal cache verify`;
  throw new CacheError(message, { found: bytesRead, expected });
}

function mendable(error: unknown, path: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return error;
  const message = `${path} is missing though the manifest names it; run: ictal cache build, then: ictal manifest`;
  return new CacheError(message, { found: "no file", expected: path }, { cause: error });
}

const readAt = promisify(read);

/** Reads requests by way of decoders, waiting or not. */
export class FrameReader {
  private readonly decoders: Decoders;
  constructor(
    private readonly layout: FrameLayout,
    private readonly files: OpenFiles,
  ) {
    this.decoders = new Decoders(layout);
  }

  /** As few positional reads as decoders allow: one up to `DECODER_FRAMES` frames. */
  async read(request: FrameRequest): Promise<void> {
    const { layout } = this;
    const decoder = this.decoders.take();
    try {
      await this.files.use(request.path, async (file) => {
        for (const part of partsOf(request.span, DECODER_FRAMES)) {
          const { stored } = decoder;
          const bytes = part.frames * layout.frameBytes;
          const { bytesRead } = await readAt(file, stored, 0, bytes, part.firstFrame * layout.frameBytes);
          checkLength(bytesRead, request.path, part, layout);
          decodeInto(request, decoder, part, layout);
        }
      });
    } catch (error) {
      throw mendable(error, request.path);
    } finally {
      this.decoders.give(decoder);
    }
  }

  /** A read per frame, so that its bytes are still in the processor's cache when they are decoded. */
  readSync(request: FrameRequest): void {
    const { layout } = this;
    const decoder = this.decoders.take();
    try {
      this.files.useSync(request.path, (file) => {
        for (const part of partsOf(request.span, 1)) {
          const bytesRead = readSync(file, decoder.stored, 0, layout.frameBytes, part.firstFrame * layout.frameBytes);
          checkLength(bytesRead, request.path, part, layout);
          decodeInto(request, decoder, part, layout);
        }
      });
    } catch (error) {
      throw mendable(error, request.path);
    } finally {
      this.decoders.give(decoder);
    }
  }

  /** Frames from `firstFrame` on, as many as `stored` holds, as they lie in the file. */
  readStoredSync(stored: Uint8Array, path: string, firstFrame: number): void {
    const { layout } = this;
    const frames = stored.byteLength / layout.frameBytes;
    try {
      const bytesRead = this.files.useSync(path, (file) =>
        readSync(file, stored, 0, stored.byteLength, firstFrame * layout.frameBytes),
      );
      checkLength(bytesRead, path, { firstFrame, frames }, layout);
    } catch (error) {
      throw mendable(error, path);
    }
  }
}
