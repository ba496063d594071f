// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** One archive of the reference system into one cached recording. */
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { FormatError } from "@ictal/base/errors";
import { type Borrowed, lend } from "../../base/borrowed.js";
import type { Event } from "../../base/events.js";
import { ExclusionError } from "../../cache/exclusion.js";
import type { CacheFolder } from "../../cache/folder.js";
import { frameLayout, INT16_RANGE } from "../../cache/format.js";
import { FrameSpillBuffer } from "../../cache/frame-spill-buffer.js";
import type { Sidecar } from "../../cache/sidecar.js";
import { temporaryPath } from "../../cache/temporary.js";
import { writeSamples } from "../../cache/write-recording.js";
import { writeSidecar } from "../../cache/write-sidecar.js";
import { classifyShare } from "../index-windows.js";
import { type NpzEntry, type NpzFile, openNpz } from "./archive.js";
import { decodeNpyInto } from "./npy.js";

/** What identifies an imported recording. */
export interface ImportedRecording {
  readonly id: string;
  readonly split: string;
  readonly patient: string;
  readonly session: string;
  readonly montage: string;
}

export interface ImportTask extends ImportedRecording {
  readonly path: string;
  readonly folder: CacheFolder;
  readonly strideSamples: number;
  readonly signal?: AbortSignal | undefined;
}

const MEMORY_LIMIT_BYTES = 256e6;

interface Shape {
  readonly windows: number;
  readonly windowSamples: number;
}

function checkShape(entry: NpzEntry, channelCount: number, strideSamples: number, path: string): Shape {
  const [windows = 0, channels, windowSamples = 0] = entry.shape;
  const shape = `(${entry.shape.join(", ")})`;
  if (entry.shape.length !== 3 || channels !== channelCount)
    throw new ExclusionError("shape", `${path}: windows has shape ${shape}, expected (n, ${channelCount}, samples)`);
  if (windows === 0) throw new ExclusionError("no-windows", `${path}: it holds no window`);
  if (strideSamples > windowSamples)
    throw new ExclusionError(
      "shape",
      `${path}: windows of ${windowSamples} samples do not reach the stride of ${strideSamples}`,
    );
  return { windows, windowSamples };
}

/** Windows one after the other as float32. */
async function* windowsOf(entry: NpzEntry, length: number): AsyncGenerator<Borrowed<Float32Array>> {
  const values = new Float32Array(length);
  for await (const bytes of entry.chunks(length)) {
    decodeNpyInto(values, bytes, entry.type);
    yield lend(values);
  }
}

function checkFinite(window: Float32Array, number: number, path: string): void {
  const bad = window.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new ExclusionError("not-finite", `${path}: window ${number} holds ${window[bad]}`);
}

/**
 * Passes the samples that a window adds to `keep`, row by row, and checks that the samples it shares with the window before
 * are the same: a wrong stride would shuffle time. `rows` are `[row, sample]`.
 */
class WindowJoiner {
  private last: Float32Array | undefined;
  private count = 0;

  constructor(
    private readonly rows: number,
    private readonly shape: Shape,
    private readonly strideSamples: number,
    private readonly path: string,
    private readonly keep: (row: number, samples: Float32Array, at: number) => void,
  ) {}

  add(window: Float32Array): void {
    const { windowSamples } = this.shape;
    const shared = this.last ? windowSamples - this.strideSamples : 0;
    const start = this.count * this.strideSamples;
    for (let row = 0; row < this.rows; row++) {
      const here = window.subarray(row * windowSamples, (row + 1) * windowSamples);
      if (this.last) this.checkShared(here, this.last.subarray(row * windowSamples + this.strideSamples));
      this.keep(row, here.subarray(shared), start + shared);
    }
    this.last ??= new Float32Array(window.length);
    this.last.set(window);
    this.count += 1;
  }

  private checkShared(here: Float32Array, before: Float32Array): void {
    const shared = this.shape.windowSamples - this.strideSamples;
    for (let i = 0; i < shared; i++)
      if (here[i] !== before[i])
        throw new ExclusionError(
          "stride",
          `${this.path}: windows ${this.count - 1} and ${this.count} do not overlap by ${shared} samples; give the stride that they were cut with`,
        );
  }
}

/** Seizures of a timeline of 0 and 1. */
function eventsOf(timeline: Uint8Array, sampleRateHz: number): Event[] {
  const events: Event[] = [];
  for (let i = 0; i < timeline.length; ) {
    if (timeline[i] === 0) {
      i += 1;
      continue;
    }
    let end = i;
    while (end < timeline.length && timeline[end] === 1) end += 1;
    events.push({ startSeconds: i / sampleRateHz, endSeconds: end / sampleRateHz, label: "seiz", confidence: 1 });
    i = end;
  }
  return events;
}

interface ImportedLabels {
  readonly labelled: boolean;
  readonly seizures: Event[];
  /** Classes of the windows, for comparison with the reference's manifest. */
  readonly classes: ("partial" | "full" | "none" | "unknown")[];
}

async function readLabels(file: NpzFile, shape: Shape, task: ImportTask): Promise<ImportedLabels> {
  const entry = await file.array("labels");
  if (!entry) return { labelled: false, seizures: [], classes: Array(shape.windows).fill("unknown") };
  const { windows, windowSamples } = shape;
  if (entry.shape.length !== 2 || entry.shape[0] !== windows || entry.shape[1] !== windowSamples)
    throw new ExclusionError(
      "shape",
      `${task.path}: labels has shape (${entry.shape.join(", ")}), expected (${windows}, ${windowSamples})`,
    );
  const timeline = new Uint8Array((windows - 1) * task.strideSamples + windowSamples);
  const classes: ImportedLabels["classes"] = [];
  const joiner = new WindowJoiner(1, shape, task.strideSamples, `${task.path}: labels`, (_, samples, at) => {
    for (let i = 0; i < samples.length; i++) timeline[at + i] = samples[i]! > 0 ? 1 : 0;
  });
  for await (const labels of windowsOf(entry, windowSamples)) {
    joiner.add(labels);
    classes.push(classifyShare(labels.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0) / windowSamples));
  }
  return { labelled: true, seizures: eventsOf(timeline, task.folder.sampleRateHz), classes };
}

/** Join the windows in `buffer`; true per channel that holds anything but zeros. */
async function joinInto(buffer: FrameSpillBuffer, entry: NpzEntry, shape: Shape, task: ImportTask): Promise<boolean[]> {
  const channels = task.folder.channels.length;
  const hasSignal = Array<boolean>(channels).fill(false);
  const joiner = new WindowJoiner(channels, shape, task.strideSamples, task.path, (channel, samples, at) => {
    hasSignal[channel] ||= samples.some((value) => value !== 0);
    buffer.put(channel, samples, at);
  });
  let number = 0;
  for await (const window of windowsOf(entry, channels * shape.windowSamples)) {
    task.signal?.throwIfAborted();
    checkFinite(window, number++, task.path);
    joiner.add(window);
    await buffer.settle();
  }
  await buffer.finish();
  return hasSignal;
}

async function importOpen(file: NpzFile, task: ImportTask, buffer: FrameSpillBuffer) {
  const { folder, path } = task;
  const entry = await file.array("windows");
  if (!entry)
    throw new ExclusionError(
      "no-windows",
      `${path}: no array called windows; it has ${file.names.join(", ") || "none"}`,
    );
  const shape = checkShape(entry, folder.channels.length, task.strideSamples, path);
  const labels = await readLabels(file, shape, task);
  const hasSignal = await joinInto(buffer, entry, shape, task);
  const flat = hasSignal.map((each) => !each);
  const unit = folder.channels.map(() => 1);
  const statistics = { mean: folder.channels.map(() => 0), std: unit, flat };
  if (flat.every(Boolean)) throw new ExclusionError("no-signal", "each of its channels is zero from start to end");
  const layout = frameLayout(folder.channels.length, folder.sampleType);
  const scaling = { statistics, normalize: folder.sampleType === "int16", clip: INT16_RANGE };
  const written = await writeSamples(folder.path, task.id, layout, buffer, scaling);
  return { labels, statistics, written };
}

/** Invalid numbers may come from damage, which only the checksum at an entry's end shows: that error, else `fault`. */
async function damageOr(fault: ExclusionError, file: NpzFile): Promise<unknown> {
  try {
    for (const name of file.names) {
      const entry = await file.array(name);
      for await (const _ of entry?.chunks(65536) ?? []); // read for its checksum
    }
    return fault;
  } catch (error) {
    return error instanceof FormatError ? error : fault;
  }
}

/**
 * Read an archive, join its windows to one recording and write that to the cache, its sidecar last. Samples are taken as
 * the standard deviations they are: means are 0 and deviations 1. Throws ExclusionError when the archive is at fault, a
 * CacheError when the cache's disk is.
 */
export async function importRecording(
  task: ImportTask,
): Promise<{ readonly sidecar: Sidecar; readonly classes: ImportedLabels["classes"] }> {
  const { folder, path, id, split, patient, session, montage } = task;
  const { path: _path, ...description } = folder;
  const spillPath = temporaryPath(folder.path);
  const buffer = new FrameSpillBuffer({
    channelCount: folder.channels.length,
    memoryLimitBytes: MEMORY_LIMIT_BYTES,
    spillPath,
  });
  const file = await openNpz(path);
  try {
    const { labels, statistics, written } = await importOpen(file, task, buffer);
    const { size } = await stat(path);
    const sidecar: Sidecar = {
      ...description,
      ...{ id, split, patient, session, montage },
      source: { key: basename(path), size },
      sampleCount: buffer.sampleCount,
      timelineCheck: "windows",
      ...statistics,
      filled: folder.channels.map(() => false),
      labelled: labels.labelled,
      seizures: labels.seizures,
      durationSeconds: buffer.sampleCount / folder.sampleRateHz,
      diagnostics: {},
      labelFindings: {},
      ...written,
    };
    await writeSidecar(folder.path, sidecar);
    return { sidecar, classes: labels.classes };
  } catch (found) {
    const error = found instanceof ExclusionError ? await damageOr(found, file) : found;
    if (error instanceof FormatError) throw new ExclusionError("damaged", error.message, { cause: error });
    throw error;
  } finally {
    await file.close();
    await buffer.close();
  }
}
