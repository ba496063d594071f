/**
 * A signal on a pipe or a socket: one line of JSON that describes it, then frames of float32 little-endian, one value per
 * channel, frame after frame. A frame of NaN alone stands for a time in which nothing was recorded.
 */
import { FormatError } from "@ictal/base/errors";
import { z } from "zod";
import { parseJson } from "../base/parse-json.js";

/** Microvolts per unit. */
const UNITS = { uV: 1, mV: 1e3, V: 1e6 } as const;

const headerSchema = z.strictObject({
  format: z.literal("ictal-stream"),
  version: z.literal(1),
  /** Labels as in an EDF file: "EEG FP1-REF", "Fp1", "FP1-F7". */
  channels: z.array(z.string().min(1)).min(1).max(1024).readonly(),
  sampleRateHz: z.number().positive(),
  unit: z.enum(["uV", "mV", "V"]),
  /** Local time of the first sample, where it is known. */
  startDateTime: z.string().optional(),
});

/** The line in front of the frames. */
export type FrameHeader = z.infer<typeof headerSchema>;

/** A header is no longer than this; who sends something else is told early. */
const LONGEST_HEADER_BYTES = 65_536;

/** Samples that follow each other, one array of microvolts per channel. */
export interface FrameBlock {
  /** From the stream's first frame. */
  readonly startSeconds: number;
  /** False for the first block and after a time in which nothing was recorded. */
  readonly isContinuous: boolean;
  readonly samples: Float32Array[];
}

/** A stream whose header was read. */
export interface FrameReader {
  readonly header: FrameHeader;
  /** The blocks, one per part of the stream that has whole frames. FormatError for a stream that is cut in a frame. */
  blocks(): AsyncGenerator<FrameBlock, void, undefined>;
}

/** The header line of a stream, newline included. */
export function encodeFrameHeader(header: FrameHeader): Uint8Array {
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

/** Frames of the samples, one array per channel of one length. */
export function encodeFrames(samples: readonly Float32Array[]): Uint8Array {
  const count = samples[0]?.length ?? 0;
  const bytes = Buffer.allocUnsafe(4 * count * samples.length);
  for (const [channel, row] of samples.entries())
    for (let i = 0; i < count; i++) bytes.writeFloatLE(row[i] ?? Number.NaN, 4 * (i * samples.length + channel));
  return bytes;
}

/** Read the header of a stream. FormatError, with the name of the stream, for one that is none. */
export async function readFrames(parts: AsyncIterable<Uint8Array>, name: string): Promise<FrameReader> {
  const iterator = parts[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  for (;;) {
    const end = held.indexOf(0x0a);
    if (end >= 0) {
      const text = held.subarray(0, end).toString("utf8");
      const header = parseJson(headerSchema, text, `${name} (header)`, "a stream begins with one line of JSON");
      return { header, blocks: () => readBlocks(iterator, held.subarray(end + 1), header, name) };
    }
    const next = held.length > LONGEST_HEADER_BYTES ? undefined : await iterator.next();
    if (!next || next.done)
      throw new FormatError(
        `no header in its first ${held.length} bytes; expected one line of JSON with format, version, channels, sampleRateHz and unit`,
        { file: name, byteOffset: 0 },
      );
    held = Buffer.concat([held, next.value]);
  }
}

async function* readBlocks(
  parts: AsyncIterator<Uint8Array>,
  start: Uint8Array,
  header: FrameHeader,
  name: string,
): AsyncGenerator<FrameBlock, void, undefined> {
  const frameBytes = 4 * header.channels.length;
  const decoder = createFrameDecoder(header, name);
  let held: Uint8Array = start;
  try {
    for (;;) {
      const whole = held.length - (held.length % frameBytes);
      if (whole > 0) yield* decoder.decode(held.subarray(0, whole));
      const rest = held.subarray(whole);
      const next = await parts.next();
      if (next.done) {
        if (rest.length === 0) return;
        const at = decoder.seconds().toFixed(2);
        throw new FormatError(`it ends in the middle of a frame, after ${at} s; the sender was cut off`, {
          file: name,
        });
      }
      held = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    }
  } finally {
    await parts.return?.();
  }
}

/** Cuts frames into blocks where something was recorded. */
function createFrameDecoder({ channels, sampleRateHz, unit }: FrameHeader, name: string) {
  const factor = UNITS[unit];
  const count = channels.length;
  let frames = 0;
  let isContinuous = false;
  const refuse = (channel: number) => {
    throw new FormatError(
      `${channels[channel]} is not a finite number at ${(frames / sampleRateHz).toFixed(2)} s; only frames of NaN in every channel stand for a gap`,
      { file: name, field: channels[channel] ?? "channel" },
    );
  };
  /** True where nothing was recorded in frame `at`. */
  const isGap = (view: DataView, at: number): boolean => {
    let missing = 0;
    let bad = -1;
    for (let channel = 0; channel < count; channel++) {
      const value = view.getFloat32(4 * (at * count + channel), true);
      if (Number.isNaN(value)) missing += 1;
      if (!Number.isFinite(value) && bad < 0) bad = channel;
    }
    if (bad >= 0 && missing < count) refuse(bad);
    return missing === count;
  };
  const blockOf = (view: DataView, from: number, to: number): FrameBlock => {
    const samples = channels.map((_, channel) =>
      Float32Array.from(
        { length: to - from },
        (_, i) => factor * view.getFloat32(4 * ((from + i) * count + channel), true),
      ),
    );
    const block = { startSeconds: (frames - (to - from)) / sampleRateHz, isContinuous, samples };
    isContinuous = true;
    return block;
  };
  return {
    seconds: () => frames / sampleRateHz,
    *decode(bytes: Uint8Array): Generator<FrameBlock> {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const total = bytes.byteLength / (4 * count);
      let from = 0;
      for (let at = 0; at < total; at++) {
        const gap = isGap(view, at);
        if (gap && at > from) yield blockOf(view, from, at);
        if (gap) {
          from = at + 1;
          isContinuous = false;
        }
        frames += 1;
      }
      if (total > from) yield blockOf(view, from, total);
    },
  };
}
