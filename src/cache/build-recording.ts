/** One recording from EDF to its file and sidecar: read → chain → statistics → scale → write → sidecar, in bounded memory. */

import { isIctalError } from "@ictal/base/errors";
import { countNames } from "@ictal/base/records";
import type { RecordingLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import type { ByteSource } from "../recording/byte-source.js";
import { signalLayoutOf } from "../recording/edf-decode.js";
import { type EdfHeader, readEdfHeader } from "../recording/edf-header.js";
import { describeBreak, type TimelineBreak } from "../recording/record-runs.js";
import { type Chain, type ChainOptions, createChain } from "../signal/chain.js";
import { montageOf } from "../signal/montages.js";
import type { InputTap } from "../signal/sample-block.js";
import type { ExpectedDigest } from "../store/store.js";
import { type ChosenSignals, chooseSignals } from "./choose-signals.js";
import { ClippedInputs, type InputRange } from "./clipped-inputs.js";
import { ConstantInputs } from "./constant-inputs.js";
import { asExclusion, ExclusionError, isSourceFault } from "./exclusion.js";
import type { CacheFolder } from "./folder.js";
import { frameLayout } from "./format.js";
import { FrameSpillBuffer } from "./frame-spill-buffer.js";
import { type HashingSource, withSha256 } from "./hashing-source.js";
import { type ChannelStatistics, markFlat, runningScaling } from "./normalize.js";
import { readSampleBlocks } from "./sample-blocks.js";
import { SegmentChain, type SegmentedSamples } from "./segment-chain.js";
import type { GapPolicy } from "./segments.js";
import type { Sidecar } from "./sidecar.js";
import { storageError, temporaryPath } from "./temporary.js";
import { type WrittenSamples, writeSamples } from "./write-recording.js";
import { hasSignal, writeSidecar } from "./write-sidecar.js";

/** One recording to be built; plain data, so that it can go to a worker thread. */
export interface RecordingJob {
  readonly folder: CacheFolder;
  readonly entry: RecordingEntry;
  readonly chain: ChainOptions;
  /** Filtered float32 kept in memory; more goes to a temporary file. */
  readonly memoryLimitBytes: number;
  /** What the source's bytes must come to, as far as its store vouches for them. @default nothing is known */
  readonly expected?: readonly ExpectedDigest[] | undefined;
  readonly gaps: GapPolicy;
}

/** What a job needs from outside: bytes of its source, its labels, and a signal that stops it. */
export interface JobPorts {
  readonly source: ByteSource;
  readonly readLabels: (durationSeconds: number) => Promise<RecordingLabels>;
  readonly signal?: AbortSignal | undefined;
}

/** Output channels all of whose inputs are constant; with a common average there are none. */
function knownFlat(chain: ChainOptions, electrodes: readonly string[], constant: readonly boolean[]): boolean[] {
  const { channels, commonAverage } = montageOf(chain.reference, chain.channels);
  const isConstant = (input: string | undefined) => input === undefined || constant[electrodes.indexOf(input)] === true;
  return channels.map(({ name, plus, minus }) => {
    if (commonAverage) return false;
    return isConstant(name) || (isConstant(plus) && isConstant(minus));
  });
}

function openChain(options: ChainOptions, { electrodes, missing, sampleRateHz }: ChosenSignals, tap: InputTap): Chain {
  try {
    return createChain(options, { electrodes, sampleRateHz, tap });
  } catch (error) {
    throw asExclusion(error, missing.length > 0 ? "missing-electrodes" : "unsupported-sample-rate");
  }
}

/** The least and the greatest value in microvolts that the file can hold for a signal. */
function rangeOf(header: EdfHeader, index: number): InputRange {
  const signal = header.signals[index];
  if (!signal) throw new RangeError(`invalid signal: ${index} of ${header.signals.length}`);
  const { gain, digitalOffset, factor } = signalLayoutOf(header, index);
  const physical = (digital: number) => Math.fround(gain * (digitalOffset + digital) * factor);
  const ends = [physical(signal.digitalMin), physical(signal.digitalMax)];
  return { lowest: Math.min(...ends), highest: Math.max(...ends) };
}

interface OpenRecording {
  readonly job: RecordingJob;
  readonly source: ByteSource;
  readonly header: EdfHeader;
  readonly signal: AbortSignal | undefined;
}

interface FilteredRecording extends Omit<SegmentedSamples, "moments"> {
  readonly statistics: ChannelStatistics;
  /** How many electrodes were saturated and not merely unconnected. */
  readonly clippedCount: number;
}

/** Throws ExclusionError on a break of the timeline that `gaps` does not allow; "split" allows gaps alone. */
function refuseBreak(found: TimelineBreak, gaps: GapPolicy): void {
  const { kind } = found;
  if (kind === "gap" && gaps === "split") return;
  const code = ({ gap: "discontinuous", overlap: "record-overlap", unknown: "timestamps-missing" } as const)[kind];
  const advice = kind === "gap" ? "keep its parts apart with data.gaps: split (--gaps split)" : "mend its timestamps";
  throw new ExclusionError(code, `${describeBreak(found)}; ${advice}`);
}

/** A recording without a signal in any channel is not background: ExclusionError "no-signal". */
function refuseNoSignal(
  electrodes: readonly string[],
  dead: readonly boolean[],
  { flat, filled }: Pick<Sidecar, "flat" | "filled">,
): void {
  if (hasSignal({ flat, filled }) && !dead.every(Boolean)) return;
  const deadCount = dead.filter(Boolean).length;
  const found = `${deadCount} of its ${electrodes.length} electrodes never change or are saturated, and ${flat.filter(Boolean).length} of ${flat.length} channels are flat`;
  throw new ExclusionError("no-signal", `${found}; check that the electrodes were connected`);
}

/** First pass: fill the buffer with the filtered signal (microvolts) and compute its statistics. */
async function filterInto(buffer: FrameSpillBuffer, open: OpenRecording): Promise<FilteredRecording> {
  const { job, source, header, signal } = open;
  const chosen = chooseSignals(header, job.chain);
  const constant = new ConstantInputs(chosen.signals.length);
  const clipped = new ClippedInputs(chosen.signals.map((index) => rangeOf(header, index)));
  const tap: InputTap = (samples, count, extremes) => {
    constant.add(extremes);
    clipped.add(samples, count, extremes);
  };
  const chain = new SegmentChain({
    open: () => openChain(job.chain, chosen, tap),
    onSegment: () => constant.restart(),
    onSamples: buffer.put.bind(buffer),
    sampleRateHz: job.chain.targetRateHz,
    recordDurationSeconds: header.recordDurationSeconds,
  });
  for await (const run of readSampleBlocks(source, header, chosen.signals, signal)) {
    if (run.break) refuseBreak(run.break, job.gaps);
    chain.process(run);
    await buffer.settle();
  }
  const { moments, ...segmented } = chain.flush();
  await buffer.finish();
  const statistics = markFlat(moments, knownFlat(job.chain, chosen.electrodes, constant.constant));
  if (!statistics.std.every(Number.isFinite))
    throw new ExclusionError("not-finite", "its samples are not all finite numbers");
  const { saturated } = clipped;
  const dead = constant.constant.map((mark, input) => mark || saturated[input] === true);
  refuseNoSignal(chosen.electrodes, dead, { flat: [...statistics.flat], filled: [...segmented.filled] });
  const clippedCount = clipped.clipped.filter((mark, input) => mark && !constant.constant[input]).length;
  return { ...segmented, statistics, clippedCount };
}

interface BuiltRecording extends FilteredRecording {
  readonly job: RecordingJob;
  readonly header: EdfHeader;
  readonly labels: RecordingLabels;
  readonly sha256: string;
  readonly written: WrittenSamples;
}

function toSidecar(built: BuiltRecording): Sidecar {
  const { job, header, labels, statistics, filled, written } = built;
  const { path: _path, ...description } = job.folder;
  const { id, split, patient, session, montage, edfKey, edfSize, edfEtag } = job.entry;
  const codes = [
    ...header.diagnostics.map(({ code }): string => code),
    ...filled.flatMap((mark) => (mark ? ["interpolated-channel"] : [])),
    ...statistics.flat.flatMap((mark) => (mark ? ["flat-channel"] : [])),
    ...new Array<string>(built.clippedCount).fill("clipped-channel"),
    ...new Array<string>(built.gapCount).fill(header.kind.endsWith("+D") ? "gap" : "discontinuity"),
    ...new Array<string>(built.shortCount).fill("short-segment"),
  ];
  return {
    ...description,
    ...{ id, split, patient, session, montage },
    source: { key: edfKey, size: edfSize, ...(edfEtag !== undefined && { etag: edfEtag }), sha256: built.sha256 },
    sampleCount: built.sampleCount,
    ...(built.segments && { segments: [...built.segments] }),
    timelineCheck: "records",
    mean: [...statistics.mean],
    std: [...statistics.std],
    flat: [...statistics.flat],
    filled: [...filled],
    ...labelFields(labels),
    durationSeconds: built.endSeconds ?? header.durationSeconds,
    diagnostics: countNames(codes),
    ...written,
  };
}

/** The part of a sidecar that comes from annotations. */
export function labelFields(labels: RecordingLabels): Pick<Sidecar, "labelled" | "seizures" | "labelFindings"> {
  const seizures = labels.seizures.map(({ startSeconds, endSeconds, label, confidence }) => ({
    ...{ startSeconds, endSeconds },
    ...{ label, confidence },
  }));
  const labelFindings = countNames(labels.findings.map(({ code }) => code));
  return { labelled: labels.status === "labelled", seizures, labelFindings };
}

async function headerOf(source: ByteSource, chain: ChainOptions): Promise<EdfHeader> {
  const header = await readEdfHeader(source);
  if (header.recordsFound === 0) throw new ExclusionError("no-records", "it holds no data record");
  chooseSignals(header, chain); // before labels are fetched for a recording that is excluded anyway
  return header;
}

/**
 * The result of `work` on a recording's bytes. Damaged bytes are no fault of the recording: before it is excluded its bytes
 * are compared with the store's digests ("BadDigest").
 */
async function orBadDigest<T>(source: HashingSource, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isFaultOfContent = isIctalError(error, "FormatError", "UnsupportedError") || error instanceof ExclusionError;
    if (isFaultOfContent && !isSourceFault(error)) await source.check();
    throw error;
  }
}

async function build(job: RecordingJob, ports: JobPorts, buffer: FrameSpillBuffer): Promise<Sidecar> {
  const source = withSha256(ports.source, job.expected);
  const header = await orBadDigest(source, headerOf(source, job.chain));
  const labelsOver = (filtered?: FilteredRecording) => ports.readLabels(filtered?.endSeconds ?? header.durationSeconds);
  const early = job.gaps === "refuse" ? await labelsOver() : undefined; // else the end of its time is not known yet
  const filtered = await orBadDigest(source, filterInto(buffer, { job, source, header, signal: ports.signal }));
  const labels = early ?? (await labelsOver(filtered));
  const sha256 = await source.digest();
  const layout = frameLayout(job.folder.channels.length, job.folder.sampleType);
  const { normalize, clip } = job.chain;
  const scaling = {
    statistics: filtered.statistics,
    normalize,
    clip,
    running: runningScaling(job.chain, filtered.segments),
  };
  const written = await writeSamples(job.folder.path, job.entry.id, layout, buffer, scaling);
  const sidecar = toSidecar({ ...filtered, job, header, labels, sha256, written });
  await writeSidecar(job.folder.path, sidecar);
  return sidecar;
}

/**
 * Build one recording and write its sidecar last. Throws ExclusionError when the recording is at fault, a CacheError when the
 * cache's disk is, the signal's reason when stopped; in each case no temporary file remains.
 */
export async function buildRecording(job: RecordingJob, ports: JobPorts): Promise<Sidecar> {
  const channelCount = job.folder.channels.length;
  const spillPath = temporaryPath(job.folder.path);
  const buffer = new FrameSpillBuffer({ channelCount, memoryLimitBytes: job.memoryLimitBytes, spillPath });
  try {
    return await build(job, ports, buffer);
  } catch (error) {
    const fault = storageError(error, spillPath);
    throw fault === error ? asExclusion(error, "unsupported") : fault;
  } finally {
    await buffer.close();
  }
}
