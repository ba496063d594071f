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

/** Consecutive frames that fit a decoder. */
interface FrameRun {
  readonly firstFrame: number;
  readonly frames: number;
}

function* runsOf(span: Span, runFrames: number): Generator<FrameRun> {
  for (let done = 0; done < span.frames; done += runFrames)
    yield { firstFrame: span.firstFrame + done, frames: Math.min(runFrames, span.frames - done) };
}

/** What to read: a span of a file, and where its samples belong. */
export interface FrameRequest {
  /** `[channel, sampleCount]`. */
  readonly out: Float32Array;
  readonly startSample: number;
  readonly sampleCount: number;
  readonly path: string;
  readonly span: Span;
}

/** Copy what `decoder` holds of `run` into the request's `out`, which is not cleared. */
function decodeInto(request: FrameRequest, decoder: FrameDecoder, run: FrameRun, layout: FrameLayout): void {
  const { out, span, startSample, sampleCount } = request;
  const runStart = run.firstFrame * layout.frameSamples;
  const from = Math.max(span.start, runStart);
  const to = Math.min(span.end, runStart + run.frames * layout.frameSamples);
  const isWhole = to - from === run.frames * layout.frameSamples;
  for (let channel = 0; channel < layout.channelCount; channel++) {
    const row = decoder.row(channel, run.frames);
    const wanted = isWhole ? row : row.subarray(from - runStart, to - runStart);
    out.set(wanted, channel * sampleCount + from - startSample);
  }
}

/** Decoders that are used again; one per read in flight. */
class Decoders {
  readonly #idle: FrameDecoder[] = [];
  readonly #layout: FrameLayout;

  constructor(layout: FrameLayout) {
    this.#layout = layout;
  }

  take(): FrameDecoder {
    return this.#idle.pop() ?? createDecoder(this.#layout);
  }

  give(decoder: FrameDecoder): void {
    if (this.#idle.length < 16) this.#idle.push(decoder);
  }
}

function checkLength(bytesRead: number, path: string, run: FrameRun, layout: FrameLayout): void {
  const expected = run.frames * layout.frameBytes;
  if (bytesRead === expected) return;
  const message = `${path}: ${bytesRead} bytes at frame ${run.firstFrame}, expected ${expected}; run: ictal cache verify`;
  throw new CacheError(message, { found: bytesRead, expected });
}

/** A missing file as a CacheError that says what to do; any other error comes back unchanged. */
function withAdvice(error: unknown, path: string): unknown {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) return error;
  const message = `${path} is missing though the manifest names it; run: ictal cache build, then: ictal manifest`;
  return new CacheError(message, { found: "no file", expected: path }, { cause: error });
}

const readAt = promisify(read);

/** Reads and decodes frames, asynchronously or not. */
export class FrameReader {
  readonly #layout: FrameLayout;
  readonly #files: OpenFiles;
  readonly #decoders: Decoders;

  constructor(layout: FrameLayout, files: OpenFiles) {
    this.#layout = layout;
    this.#files = files;
    this.#decoders = new Decoders(layout);
  }

  /** As few positional reads as decoders allow: one up to `DECODER_FRAMES` frames. */
  async read(request: FrameRequest): Promise<void> {
    const layout = this.#layout;
    const decoder = this.#decoders.take();
    try {
      await this.#files.use(request.path, async (file) => {
        for (const run of runsOf(request.span, DECODER_FRAMES)) {
          const { stored } = decoder;
          const bytes = run.frames * layout.frameBytes;
          const { bytesRead } = await readAt(file, stored, 0, bytes, run.firstFrame * layout.frameBytes);
          checkLength(bytesRead, request.path, run, layout);
          decodeInto(request, decoder, run, layout);
        }
      });
    } catch (error) {
      throw withAdvice(error, request.path);
    } finally {
      this.#decoders.give(decoder);
    }
  }

  /** A read per frame, so that its bytes are still in the processor's cache when they are decoded. */
  readSync(request: FrameRequest): void {
    const layout = this.#layout;
    const decoder = this.#decoders.take();
    try {
      this.#files.useSync(request.path, (file) => {
        for (const run of runsOf(request.span, 1)) {
          const bytesRead = readSync(file, decoder.stored, 0, layout.frameBytes, run.firstFrame * layout.frameBytes);
          checkLength(bytesRead, request.path, run, layout);
          decodeInto(request, decoder, run, layout);
        }
      });
    } catch (error) {
      throw withAdvice(error, request.path);
    } finally {
      this.#decoders.give(decoder);
    }
  }

  /** Frames from `firstFrame` on, as many as `stored` holds, as they lie in the file. */
  readStoredSync(stored: Uint8Array, path: string, firstFrame: number): void {
    const layout = this.#layout;
    const frames = stored.byteLength / layout.frameBytes;
    try {
      const bytesRead = this.#files.useSync(path, (file) =>
        readSync(file, stored, 0, stored.byteLength, firstFrame * layout.frameBytes),
      );
      checkLength(bytesRead, path, { firstFrame, frames }, layout);
    } catch (error) {
      throw withAdvice(error, path);
    }
  }
}
