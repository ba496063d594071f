/** What `ictal stream` listens to: an EDF file that is played, a pipe, a TCP stream. */
import { once } from "node:events";
import { connect } from "node:net";
import { basename } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { UsageError } from "@ictal/base/action";
import { FormatError, StoreError } from "@ictal/base/errors";
import { chooseSignals } from "../cache/choose-signals.js";
import { ExclusionError } from "../cache/exclusion.js";
import { bytesSource, fileSource } from "../recording/byte-source.js";
import { readEdfBlocks } from "../recording/edf-blocks.js";
import { type EdfHeader, readEdfHeader } from "../recording/edf-header.js";
import { encodeHeader } from "../recording/edf-spec.js";
import type { ChainOptions } from "../signal/chain.js";
import { type FrameBlock, readFrames } from "./stream-frames.js";

/** A signal with the electrodes that the chain reads. */
export interface StreamInput {
  readonly name: string;
  readonly electrodes: readonly string[];
  readonly missing: readonly string[];
  readonly sampleRateHz: number;
  /** `YYYY-MM-DD HH:MM:SS` of the first sample, where it is known. */
  readonly startDateTime?: string | undefined;
  blocks(): AsyncGenerator<FrameBlock, void, undefined>;
  close(): Promise<void>;
}

/** How fast a file is played, in multiples of its own time. */
export type Speed = number | "max";

/** The file's samples come in parts of this length, as from an amplifier. */
const PART_SECONDS = 0.25;

/** The electrodes that a chain reads; what excludes a recording from a cache refuses a stream. */
function chosenOf(header: EdfHeader, chain: ChainOptions, name: string) {
  try {
    return chooseSignals(header, chain);
  } catch (error) {
    if (!(error instanceof ExclusionError)) throw error;
    throw new FormatError(`it cannot be used (${error.code}): ${error.reason}`, { file: name }, { cause: error });
  }
}

/** Blocks at the pace of a clock that runs `speed` times as fast. */
export async function* paced(
  blocks: AsyncIterable<FrameBlock>,
  sampleRateHz: number,
  speed: Speed,
  signal?: AbortSignal,
): AsyncGenerator<FrameBlock, void, undefined> {
  if (speed === "max") {
    yield* blocks;
    return;
  }
  const partSamples = Math.max(1, Math.round(PART_SECONDS * sampleRateHz));
  const began = performance.now();
  for await (const { startSeconds, isContinuous, samples } of blocks) {
    const count = samples[0]?.length ?? 0;
    for (let from = 0; from < count; from += partSamples) {
      const to = Math.min(count, from + partSamples);
      const due = began + (1000 * (startSeconds + to / sampleRateHz)) / speed;
      await wait(Math.max(0, due - performance.now()), undefined, { ...(signal && { signal }) });
      yield {
        startSeconds: startSeconds + from / sampleRateHz,
        isContinuous: isContinuous || from > 0,
        samples: samples.map((row) => row.subarray(from, to)),
      };
    }
  }
}

/** The samples of an EDF file; records that overlap are a FormatError. */
async function* edfBlocks(
  source: Awaited<ReturnType<typeof fileSource>>,
  header: EdfHeader,
  signals: readonly number[],
  signal?: AbortSignal,
): AsyncGenerator<FrameBlock, void, undefined> {
  let endSeconds = 0;
  for await (const block of readEdfBlocks(source, header, { signals, gaps: "split", signal })) {
    if (block.startSeconds < endSeconds - 1e-6)
      throw new FormatError(
        `record ${block.startRecord} starts at ${block.startSeconds} s, before the end of the one before it; mend its timestamps`,
        { file: source.name },
      );
    endSeconds = block.startSeconds + block.recordCount * header.recordDurationSeconds;
    yield block;
  }
}

/** An EDF or BDF file, played at `speed`. */
export async function openEdfInput(
  path: string,
  chain: ChainOptions,
  { speed, signal }: { readonly speed: Speed; readonly signal?: AbortSignal | undefined },
): Promise<StreamInput> {
  const source = await fileSource(path);
  try {
    const header = await readEdfHeader(source);
    const { signals, electrodes, missing, sampleRateHz } = chosenOf(header, chain, path);
    return {
      ...{ name: basename(path), electrodes, missing, sampleRateHz },
      startDateTime: header.startDateTime?.replace("T", " "),
      blocks: () => paced(edfBlocks(source, header, signals, signal), sampleRateHz, speed, signal),
      close: async () => source.close?.(),
    };
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

/** A header as of an EDF file with the labels of a stream, so that both choose their electrodes alike. */
async function headerOf(labels: readonly string[], name: string): Promise<EdfHeader> {
  const ranges = { physicalMin: -1, physicalMax: 1, digitalMin: -32768, digitalMax: 32767 };
  const signals = labels.map((label) => ({ label, unit: "uV", samplesPerRecord: 1, ...ranges }));
  const bytes = encodeHeader({ kind: "EDF", recordDurationSeconds: 1, signals }, signals, 0);
  return readEdfHeader(bytesSource(name, bytes));
}

/** A stream of frames from a pipe or a socket, read as it comes. */
async function openFrames(readable: Readable, chain: ChainOptions, name: string): Promise<StreamInput> {
  const { header, blocks } = await readFrames(readable as AsyncIterable<Uint8Array>, name); // no encoding is set: buffers
  const { signals, electrodes, missing } = chosenOf(await headerOf(header.channels, name), chain, name);
  return {
    ...{ name, electrodes, missing, sampleRateHz: header.sampleRateHz, startDateTime: header.startDateTime },
    async *blocks() {
      for await (const block of blocks())
        yield { ...block, samples: signals.map((index) => block.samples[index] ?? new Float32Array()) };
    },
    async close() {
      readable.destroy();
    },
  };
}

/** The parts of an address such as tcp://127.0.0.1:7000. */
export function parseAddress(text: string): { readonly host: string; readonly port: number } {
  const found = /^(?:tcp:\/\/)?(?:([^:/]+|\[[^\]]+\]):)?(\d{1,5})\/?$/.exec(text);
  const port = Number(found?.[2]);
  if (!found || port > 65_535) throw new UsageError(`invalid address ${text}; expected tcp://HOST:PORT`);
  return { host: (found[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port };
}

async function openTcp(url: string, chain: ChainOptions, signal?: AbortSignal): Promise<StreamInput> {
  const socket = connect(parseAddress(url));
  if (signal) addAbortSignal(signal, socket);
  try {
    await once(socket, "connect");
    return await openFrames(socket, chain, url);
  } catch (error) {
    socket.destroy();
    throw asStreamError(error, url);
  }
}

/** An error of a socket or pipe as a StoreError; others as they are. */
export function asStreamError(error: unknown, name: string, seconds?: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || (error as Error).name === "AbortError" || !/^E[A-Z]+$/.test(code)) return error;
  const message =
    seconds === undefined
      ? `no stream at ${name} (${code}); start its sender first`
      : `the stream ${name} broke off after ${seconds.toFixed(2)} s (${code})`;
  return new StoreError(message, { key: name, code }, { cause: error });
}

/** Open FILE, "-" (the standard input) or tcp://HOST:PORT. */
export async function openStreamInput(
  source: string,
  chain: ChainOptions,
  { speed, signal }: { readonly speed?: Speed | undefined; readonly signal?: AbortSignal | undefined },
): Promise<StreamInput> {
  const isLive = source === "-" || source.startsWith("tcp:");
  if (!isLive) return openEdfInput(source, chain, { speed: speed ?? 1, signal });
  if (speed !== undefined)
    throw new UsageError(`--speed is for a file that is played; ${source} comes at the pace of its sender`);
  if (source !== "-") return openTcp(source, chain, signal);
  return openFrames(signal ? addAbortSignal(signal, process.stdin) : process.stdin, chain, "standard input");
}
