/** Caches for tests, written by the project's own writer from seeded noise; no EDF takes part. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Event } from "../../src/base/events.js";
import { createRandom } from "../../src/base/random.js";
import { type CacheDescription, type CacheFolder, cacheKeyOf, prepareFolder } from "../../src/cache/folder.js";
import { CACHE_FORMAT_VERSION, FRAME_SAMPLES, frameLayout, type SampleType } from "../../src/cache/format.js";
import { FrameSpillBuffer } from "../../src/cache/frame-spill-buffer.js";
import { markFlat } from "../../src/cache/normalize.js";
import type { Sidecar } from "../../src/cache/sidecar.js";
import { temporaryPath } from "../../src/cache/temporary.js";
import { writeSamples } from "../../src/cache/write-recording.js";
import { writeSidecar } from "../../src/cache/write-sidecar.js";
import { createMoments } from "../../src/signal/normalize.js";

export const RATE = 256;

/** A folder that vanishes with the test. */
export async function temporaryFolder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "ictal-cache-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export function seizure(startSeconds: number, endSeconds: number, label = "fnsz"): Event {
  return { startSeconds, endSeconds, label, confidence: 1 };
}

export interface MadeRecording {
  /** split/patient/session/montage/token */
  readonly id: string;
  readonly sampleCount: number;
  readonly seizures?: readonly Event[];
  readonly labelled?: boolean;
}

export function describeCache(
  channels: readonly string[],
  sampleType: SampleType = "int16",
  chain = {},
): CacheDescription {
  const rest = {
    formatVersion: CACHE_FORMAT_VERSION as 1,
    sampleType,
    sampleRateHz: RATE,
    frameSamples: FRAME_SAMPLES as 2560,
    channels: [...channels],
    chain,
    chainHash: "0".repeat(64),
    dspVersion: 0,
  };
  return { ...rest, key: cacheKeyOf(rest) };
}

/** Seeded noise in microvolts, `[channel][sample]`, with another level and spread per channel. */
export function noise(seed: number, channelCount: number, sampleCount: number): Float32Array[] {
  const random = createRandom(seed, "made cache");
  return Array.from({ length: channelCount }, (_, channel) =>
    Float32Array.from(
      { length: sampleCount },
      (_, i) => (channel + 1) * (random.uniform(channel * 1e8 + i) - 0.4) * 40,
    ),
  );
}

async function writeOne(folder: CacheFolder, made: MadeRecording, rows: Float32Array[]): Promise<Sidecar> {
  const [split = "", patient = "", session = "", montage = ""] = made.id.split("/");
  const layout = frameLayout(folder.channels.length, folder.sampleType);
  const buffer = new FrameSpillBuffer({
    channelCount: layout.channelCount,
    memoryLimitBytes: 1e9,
    spillPath: temporaryPath(folder.path),
  });
  await buffer.push(rows);
  await buffer.finish();
  const moments = createMoments(layout.channelCount);
  moments.push(rows);
  const channels = markFlat(moments.result());
  const written = await writeSamples(folder.path, made.id, layout, buffer, {
    statistics: channels,
    normalize: true,
    clip: 10,
  });
  const { path: _path, ...description } = folder;
  const sidecar: Sidecar = {
    ...description,
    id: made.id,
    split,
    patient,
    session,
    montage,
    source: { key: `${made.id}.edf`, size: 1000, etag: "e" },
    sampleCount: made.sampleCount,
    timelineCheck: "records",
    mean: [...channels.mean],
    std: [...channels.std],
    flat: [...channels.flat],
    filled: folder.channels.map(() => false),
    labelled: made.labelled ?? true,
    seizures: [...(made.seizures ?? [])],
    durationSeconds: made.sampleCount / RATE,
    diagnostics: {},
    labelFindings: {},
    ...written,
  };
  await writeSidecar(folder.path, sidecar);
  return sidecar;
}

/** Write a cache of seeded noise at `cacheDir`. */
export async function makeCache(
  cacheDir: string,
  recordings: readonly MadeRecording[],
  options: {
    channels?: readonly string[];
    sampleType?: SampleType;
    /** What the key stands for, its channels included. @default `describeCache` of the other options */
    description?: CacheDescription;
    /** What is recorded, `[channel][sample]` in microvolts. @default `noise` of the recording's position */
    signalOf?: (made: MadeRecording, position: number) => Float32Array[];
  } = {},
): Promise<{ folder: CacheFolder; sidecars: Sidecar[]; signals: Float32Array[][] }> {
  const description = options.description ?? describeCache(options.channels ?? ["FP1", "F3", "C3"], options.sampleType);
  const { channels } = description;
  const folder = await prepareFolder(cacheDir, description);
  const sidecars: Sidecar[] = [];
  const signals: Float32Array[][] = [];
  for (const [seed, made] of recordings.entries()) {
    const rows = options.signalOf?.(made, seed) ?? noise(seed, channels.length, made.sampleCount);
    sidecars.push(await writeOne(folder, made, rows));
    signals.push(rows);
  }
  return { folder, sidecars, signals };
}
