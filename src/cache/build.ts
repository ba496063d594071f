import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { CacheError } from "@ictal/base/errors";
import { requireCounts, requireNumbers } from "@ictal/base/options";
import { type Progress, silentProgress } from "@ictal/base/progress";
import type { Catalogue } from "../corpus/catalogue.js";
import type { RecordingLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import { type Finding, invalidatesLabels } from "../recording/finding.js";
import { type ChainOptions, DEFAULT_CHAIN } from "../signal/chain.js";
import type { Store } from "../store/store.js";
import { BuildPool } from "./build-pool.js";
import { buildRecording } from "./build-recording.js";
import { CACHE_DEFAULTS } from "./cache-options.js";
import { describeCache } from "./describe.js";
import { ExclusionError, isDamagedSource, isPermanent } from "./exclusion.js";
import { type CacheFolder, prepareFolder } from "./folder.js";
import type { SampleType } from "./format.js";
import { expectedDigests, jobPorts, rangesOf } from "./job-ports.js";
import { machineStop } from "./machine-stop.js";
import { findReusable, refreshLabels } from "./reuse.js";
import { type GapPolicy, recordedSeconds } from "./segments.js";
import { type Exclusion, exclusionFile, type Sidecar, writeExclusion } from "./sidecar.js";
import { removeAbandoned } from "./temporary.js";

/** What to build, from where and how. */
export interface BuildOptions {
  readonly store: Store;
  readonly catalogue: Catalogue;
  /** The cache folder; the recordings go to a folder of its own per key inside it. */
  readonly cacheDir: string;
  /** @default DEFAULT_CHAIN */
  readonly chain?: ChainOptions | undefined;
  /** @default "int16" */
  readonly sampleType?: SampleType | undefined;
  /**
   * What to do with a recording whose timestamps jump: exclude it ("discontinuous"), or keep the parts between its gaps as
   * segments with their own times. @default "refuse"
   */
  readonly gaps?: GapPolicy | undefined;
  /** Worker threads; 0 builds in the calling thread. @default one per core */
  readonly workers?: number | undefined;
  /** Build the `index`-th of `count` equal parts (0-based) of the catalogue. @default all */
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
  /** Check the CRC of every frame before a recording is reused. @default false */
  readonly verify?: boolean | undefined;
  /**
   * Codes of reasons for which a recording may be excluded, and of label findings for which its labels may stay unknown.
   * @default ["not-in-catalogue"]
   */
  readonly accept?: readonly string[] | undefined;
  /** Per recording: filtered float32 kept in memory, the rest goes to a temporary file. @default 48 MiB, 43 minutes of 19 channels */
  readonly memoryLimitBytes?: number | undefined;
  /** Labels by id that were read a moment ago (`surveyRecordings`): those of the same duration are not read again. */
  readonly labels?: ReadonlyMap<string, RecordingLabels> | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A recording that was excluded, and whether `accept` names its code; errors that may not recur are never accepted. */
export interface ExcludedRecording extends Exclusion {
  readonly accepted: boolean;
}

/**
 * A recording whose annotations hold an error that could hide or invent a seizure. Its samples are in the cache, its labels
 * are unknown: `accept` says that this is known; it never makes them background.
 */
export interface DoubtfulRecording {
  readonly id: string;
  readonly finding: Finding;
  readonly accepted: boolean;
}

/** What a build did. */
export interface BuildReport {
  readonly cacheDir: string;
  readonly key: string;
  /** The key folder. */
  readonly folder: string;
  readonly built: number;
  readonly reused: number;
  /** Reused recordings whose annotations had changed. */
  readonly relabelled: number;
  /** By id. */
  readonly excluded: readonly ExcludedRecording[];
  /** One for each such error of a recording, by id. */
  readonly doubtful: readonly DoubtfulRecording[];
  /** Recordings now in the cache by diagnostic code: what was repaired or unusual, and in how many of them. */
  readonly diagnostics: Readonly<Record<string, number>>;
  /** EEG of the recordings now in the cache, built and reused. */
  readonly eegSeconds: number;
  /** EEG of the recordings that were built. */
  readonly builtSeconds: number;
  readonly wallSeconds: number;
  /** Samples of the recordings now in the cache. */
  readonly bytes: number;
}

const DEFAULT_MEMORY_LIMIT_BYTES = 48 * 1024 * 1024;

/** The recordings of a shard: every `count`-th, so that shards are alike. Throws a RangeError on an invalid shard. */
export function shardOf<T>(items: readonly T[], shard: BuildOptions["shard"]): readonly T[] {
  if (!shard) return items;
  const { index, count } = shard;
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(index) || index < 0 || index >= count)
    throw new RangeError(`invalid shard: ${index}/${count}; expected i/n with 0 <= i < n`);
  return items.filter((_, position) => position % count === index);
}

/** Counts of a build in progress. */
class Tally {
  built = 0;
  reused = 0;
  relabelled = 0;
  eegSeconds = 0;
  builtSeconds = 0;
  bytes = 0;
  readonly excluded: ExcludedRecording[] = [];
  readonly doubtful: DoubtfulRecording[] = [];
  readonly diagnostics: Record<string, number> = {};
  readonly #startMilliseconds = performance.now();
  readonly #total: number;
  readonly #progress: Progress;

  constructor(total: number, progress: Progress) {
    this.#total = total;
    this.#progress = progress;
  }

  get wallSeconds(): number {
    return (performance.now() - this.#startMilliseconds) / 1000;
  }

  add(sidecar: Sidecar, how: "built" | "reused"): void {
    const { fileBytes, diagnostics, labelFindings } = sidecar;
    const seconds = recordedSeconds(sidecar, sidecar.sampleRateHz);
    this[how] += 1;
    for (const code of Object.keys({ ...diagnostics, ...labelFindings }))
      this.diagnostics[code] = (this.diagnostics[code] ?? 0) + 1;
    this.eegSeconds += seconds;
    if (how === "built") this.builtSeconds += seconds;
    this.bytes += fileBytes;
  }

  report(): void {
    const done = this.built + this.reused + this.excluded.length;
    const hours = `${(this.eegSeconds / 3600).toFixed(1)} EEG hours`;
    const rate = this.built > 0 ? ` | ${(this.builtSeconds / this.wallSeconds).toFixed(0)}x real time` : ""; // what is there takes none
    this.#progress.update({ label: "cache", done, total: this.#total, unit: "recordings", note: `${hours}${rate}` });
  }
}

interface Build {
  readonly options: BuildOptions;
  readonly chain: ChainOptions;
  readonly folder: CacheFolder;
  readonly pool: BuildPool | undefined;
  readonly signal: AbortSignal;
  readonly tally: Tally;
  readonly accept: ReadonlySet<string>;
}

async function cacheRecording(build: Build, slot: number, entry: RecordingEntry): Promise<void> {
  const { options, folder, signal, tally, pool } = build;
  const ports = jobPorts(options.store, entry, signal);
  const { gaps = CACHE_DEFAULTS.gaps, verify = false } = options;
  let findings: readonly Finding[] = [];
  const readLabels = async (durationSeconds: number) => {
    const read = options.labels?.get(entry.id);
    const labels = read?.durationSeconds === durationSeconds ? read : await ports.readLabels(durationSeconds);
    findings = labels.findings;
    return labels;
  };
  const known = await findReusable(folder, entry, { gaps, verify, source: rangesOf(options.store, entry, signal) });
  if (known) {
    const fresh = await refreshLabels(folder, known, await readLabels(known.durationSeconds));
    if (fresh !== known) tally.relabelled += 1;
    tally.add(fresh, "reused");
  } else {
    const memoryLimitBytes = options.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES;
    const expected = await expectedDigests(options.store, entry, signal);
    const job = { folder, entry, chain: build.chain, memoryLimitBytes, gaps, expected };
    const labelled = { ...ports, readLabels };
    const attempt = () => (pool ? pool.run(slot, job, labelled) : buildRecording(job, labelled));
    tally.add(await attempt().catch((error) => (isDamagedSource(error) ? attempt() : Promise.reject(error))), "built");
  }
  for (const finding of findings.filter(invalidatesLabels))
    tally.doubtful.push({ id: entry.id, finding, accepted: build.accept.has(finding.code) });
  await rm(join(folder.path, exclusionFile(entry.id)), { force: true });
}

async function exclude(build: Build, { id }: RecordingEntry, { code, reason }: ExclusionError): Promise<void> {
  const permanent = isPermanent(code); // what may succeed at another attempt cannot be accepted once and for all
  build.tally.excluded.push({ id, code, reason, accepted: permanent && build.accept.has(code) });
  if (permanent) await writeExclusion(build.folder.path, { id, code, reason });
}

/** An error of one recording as ExclusionError; what concerns the whole build (disk, machine, stop) is thrown. */
function exclusionOf(error: unknown, signal: AbortSignal): ExclusionError {
  const stop = machineStop(error);
  if (stop && !signal.aborted) throw error instanceof CacheError ? error : stop;
  if (error instanceof ExclusionError) return error;
  if (signal.aborted || !(error instanceof Error) || error.name === "AbortError" || error.name === "CacheError")
    throw error;
  return new ExclusionError("unexpected-error", error.stack ?? error.message, { cause: error });
}

/** Build recordings one after the other until none is left; a slot is one of the jobs that run at a time. */
async function runSlot(build: Build, slot: number, queue: Iterator<RecordingEntry>): Promise<void> {
  for (let next = queue.next(); !next.done; next = queue.next()) {
    build.signal.throwIfAborted();
    try {
      await cacheRecording(build, slot, next.value);
    } catch (error) {
      await exclude(build, next.value, exclusionOf(error, build.signal));
    }
    build.tally.report();
  }
}

/** Run all slots; the first error stops the others, which end in order before it is thrown. */
async function runSlots(build: Build, recordings: readonly RecordingEntry[], stop: AbortController): Promise<void> {
  const queue = recordings.values();
  let first: { error: unknown } | undefined;
  const slots = Array.from({ length: build.pool?.lanes ?? 1 }, (_, slot) =>
    runSlot(build, slot, queue).catch((error: unknown) => {
      first ??= { error };
      stop.abort();
    }),
  );
  await Promise.all(slots);
  if (first) throw build.options.signal?.aborted ? build.options.signal.reason : first.error;
}

function workersOf({ workers = availableParallelism() }: BuildOptions, recordings: number): number {
  requireCounts({ workers }, 0);
  return Math.min(workers, recordings);
}

/**
 * Bring the cache of a catalogue up to date: recordings that are there, complete and from the same source, are reused;
 * others are built, in worker threads, each file written atomically and its sidecar last. A recording that cannot be
 * read is excluded with its reason and the build continues. Caches of other keys are not touched. The bytes depend
 * on source and chain alone. Throws a CacheError when the disk cannot be written, a ConfigError on impossible options,
 * the signal's reason when stopped: what was finished stays and the next build continues from it.
 */
export async function buildCache(options: BuildOptions): Promise<BuildReport> {
  const {
    catalogue,
    chain = DEFAULT_CHAIN,
    sampleType = CACHE_DEFAULTS.sampleType,
    progress = silentProgress,
    shard,
  } = options;
  requireNumbers({ memoryLimitBytes: options.memoryLimitBytes }, { least: 0, mayBeInfinite: true });
  const recordings = shardOf(catalogue.recordings, shard);
  const cacheDir = resolve(options.cacheDir);
  const folder = await prepareFolder(cacheDir, describeCache(chain, sampleType));
  await removeAbandoned(folder.path);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const workers = workersOf(options, recordings.length);
  const pool = workers > 0 ? new BuildPool(workers, signal) : undefined;
  const tally = new Tally(recordings.length, progress);
  const accept = new Set(options.accept ?? ["not-in-catalogue"]);
  try {
    await runSlots({ options, chain, folder, pool, signal, tally, accept }, recordings, stop);
  } finally {
    await pool?.close();
    progress.finish();
  }
  const unlisted = shard && shard.index > 0 ? [] : catalogue.excluded;
  const excluded = [
    ...tally.excluded,
    ...unlisted.map(({ id, reason, code = "not-in-catalogue" }) => ({ id, reason, code, accepted: accept.has(code) })),
  ];
  return {
    cacheDir,
    key: folder.key,
    folder: folder.path,
    built: tally.built,
    reused: tally.reused,
    relabelled: tally.relabelled,
    excluded: excluded.sort((a, b) => (a.id < b.id ? -1 : 1)),
    doubtful: tally.doubtful.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    diagnostics: Object.fromEntries(Object.entries(tally.diagnostics).sort(([a], [b]) => (a < b ? -1 : 1))),
    eegSeconds: tally.eegSeconds,
    builtSeconds: tally.builtSeconds,
    wallSeconds: tally.wallSeconds,
    bytes: tally.bytes,
  };
}
