// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** Windows of a manifest as typed columns, with the seizure share and class of each. Nothing of it is stored. */
import { type Manifest, type ManifestRecording, recordingAt } from "../cache/manifest.js";
import { segmentEndAt, segmentsOf } from "../cache/segments.js";
import { seizureRanges } from "./labels.js";
import { WINDOW_DEFAULTS } from "./window-options.js";

/** Classes of windows by the share of seizure samples; the column `class` holds positions in this list. */
export const WINDOW_CLASSES = ["none", "partial", "full", "unknown"] as const;

/** none: no seizure sample; partial: some; full: 99 % or more; unknown: no annotations. */
export type WindowClass = (typeof WINDOW_CLASSES)[number];

/** Share of seizure samples from which a window counts as full, as in the reference system. */
export const FULL_SHARE = 0.99;

export interface IndexOptions {
  /** Length of a window. @default 60 */
  readonly windowSeconds?: number | undefined;
  /** From start to start. @default 10 */
  readonly strideSeconds?: number | undefined;
  /** Only these splits. @default every split but "eval", which must be named to be opened */
  readonly split?: string | readonly string[] | undefined;
  /** Only these patients. @default all */
  readonly patients?: readonly string[] | undefined;
}

/** Windows in the order of the manifest's recordings and of time; one row per window in each column. */
export interface WindowIndex {
  readonly manifest: Manifest;
  readonly windowSamples: number;
  readonly strideSamples: number;
  readonly count: number;
  /** Positions in `manifest.recordings`. */
  readonly recording: Uint32Array;
  /** Samples from the start of the recording, gaps counted; a multiple of the stride from the start of its segment. */
  readonly startSample: Uint32Array;
  /** Seizure samples over valid samples; NaN for unknown. */
  readonly seizureShare: Float32Array;
  /** Positions in `WINDOW_CLASSES`. */
  readonly class: Uint8Array;
}

function toSamples(name: string, seconds: number, sampleRateHz: number): number {
  const samples = Math.round(seconds * sampleRateHz);
  if (!(seconds > 0 && samples >= 1 && Math.abs(samples - seconds * sampleRateHz) <= 1e-6))
    throw new RangeError(`invalid ${name}: ${seconds}; expected a whole number of samples at ${sampleRateHz} Hz`);
  return samples;
}

/**
 * Windows of a recording: every multiple of the stride at which a whole window fits, and one more, past the end, when
 * samples remain after the last of them. A recording shorter than a window has one.
 */
export function windowCountOf(sampleCount: number, windowSamples: number, strideSamples: number): number {
  if (sampleCount <= windowSamples) return 1;
  const whole = Math.floor((sampleCount - windowSamples) / strideSamples) + 1;
  const covered = (whole - 1) * strideSamples + windowSamples;
  return covered < sampleCount && whole * strideSamples < sampleCount ? whole + 1 : whole;
}

/** Class of a window by its seizure share in 0..1. */
export function classifyShare(share: number): WindowClass {
  return share === 0 ? "none" : share >= FULL_SHARE ? "full" : "partial";
}

/** Positions in `WINDOW_CLASSES`. */
const CODE: Readonly<Record<WindowClass, number>> = { none: 0, partial: 1, full: 2, unknown: 3 };

function chosenRecordings(manifest: Manifest, { split, patients }: IndexOptions): number[] {
  const splits = split === undefined ? undefined : new Set(typeof split === "string" ? [split] : split);
  const wanted = patients && new Set(patients);
  return manifest.recordings.flatMap((recording, position) => {
    const inSplit = splits ? splits.has(recording.split) : recording.split !== "eval";
    return inSplit && (!wanted || wanted.has(recording.patient)) ? [position] : [];
  });
}

/** Seizure samples inside `[start, end)`; `from` is the first range that may reach it. */
function overlap(ranges: Uint32Array, from: number, start: number, end: number): number {
  let samples = 0;
  for (let i = from; i < ranges.length && ranges[i]! < end; i += 2)
    samples += Math.max(0, Math.min(end, ranges[i + 1]!) - Math.max(start, ranges[i]!));
  return samples;
}

function fillRecording(index: WindowIndex, row: number, position: number): number {
  const { manifest, windowSamples, strideSamples } = index;
  const recording = recordingAt(manifest, position);
  const ranges = seizureRanges(recording, manifest.sampleRateHz);
  let first = 0;
  for (const { startSample, sampleCount } of segmentsOf(recording)) {
    const windows = windowCountOf(sampleCount, windowSamples, strideSamples);
    for (let window = 0; window < windows; window++, row++) {
      const start = startSample + window * strideSamples;
      const end = Math.min(start + windowSamples, startSample + sampleCount);
      while (first < ranges.length && ranges[first + 1]! <= start) first += 2;
      const share = recording.labelled ? overlap(ranges, first, start, end) / (end - start) : Number.NaN;
      index.recording[row] = position;
      index.startSample[row] = start;
      index.seizureShare[row] = share;
      index.class[row] = recording.labelled ? CODE[classifyShare(share)] : CODE.unknown;
    }
  }
  return row;
}

/**
 * Cut the recordings of a manifest into windows; each segment of one with gaps as if it were a recording, so that no window
 * crosses a gap. About 13 bytes a window; 2 million take well under a second. Throws a
 * RangeError when window or stride is not a whole number of samples.
 */
export function indexWindows(manifest: Manifest, options: IndexOptions = {}): WindowIndex {
  const windowSamples = toSamples(
    "windowSeconds",
    options.windowSeconds ?? WINDOW_DEFAULTS.windowSeconds,
    manifest.sampleRateHz,
  );
  const strideSamples = toSamples(
    "strideSeconds",
    options.strideSeconds ?? WINDOW_DEFAULTS.strideSeconds,
    manifest.sampleRateHz,
  );
  const positions = chosenRecordings(manifest, options);
  const count = positions
    .flatMap((position) => segmentsOf(recordingAt(manifest, position)))
    .reduce((sum, { sampleCount }) => sum + windowCountOf(sampleCount, windowSamples, strideSamples), 0);
  const index: WindowIndex = {
    manifest,
    windowSamples,
    strideSamples,
    count,
    recording: new Uint32Array(count),
    startSample: new Uint32Array(count),
    seizureShare: new Float32Array(count),
    class: new Uint8Array(count),
  };
  let row = 0;
  for (const position of positions) row = fillRecording(index, row, position);
  return index;
}

function columnAt(column: Uint8Array | Uint32Array | Float32Array, window: number): number {
  const value = column[window];
  if (value === undefined) throw new RangeError(`invalid window: ${window} of ${column.length}`);
  return value;
}

/** Class of a window by name. RangeError when there is no such window. */
export function windowClass(index: WindowIndex, window: number): WindowClass {
  const code = columnAt(index.class, window);
  const name = WINDOW_CLASSES[code];
  if (!name) throw new RangeError(`invalid class of window ${window}: ${code}`);
  return name;
}

/** The recording that a window is from. RangeError when there is no such window. */
export function recordingOf(index: WindowIndex, window: number): ManifestRecording {
  return recordingAt(index.manifest, columnAt(index.recording, window));
}

/** What a reader needs of a window: where it lies and its seizure share. RangeError when there is no such window. */
export function windowRow(index: WindowIndex, window: number, position: number): WindowRow {
  return {
    position,
    window,
    recording: columnAt(index.recording, window),
    startSample: columnAt(index.startSample, window),
    seizureShare: columnAt(index.seizureShare, window),
  };
}

/** A window that is to be read. */
export interface WindowRow {
  /** Position in the epoch: what the augmentations depend on. */
  readonly position: number;
  /** Number in the index. */
  readonly window: number;
  /** Position in the manifest. */
  readonly recording: number;
  readonly startSample: number;
  /** Seizure samples over valid samples; NaN for unknown. */
  readonly seizureShare: number;
}

/** Samples of a window that lie inside its recording, or its segment of it; the rest is padding. */
export function validSamplesOf(index: WindowIndex, window: number): number {
  const start = columnAt(index.startSample, window);
  return Math.min(index.windowSamples, segmentEndAt(recordingOf(index, window), start) - start);
}

/** Windows of one class, ascending. */
export function windowsOfClass(index: WindowIndex, name: WindowClass): Uint32Array {
  const code = CODE[name];
  let count = 0;
  for (let i = 0; i < index.count; i++) if (index.class[i] === code) count += 1;
  const windows = new Uint32Array(count);
  for (let i = 0, at = 0; i < index.count; i++) if (index.class[i] === code) windows[at++] = i;
  return windows;
}
