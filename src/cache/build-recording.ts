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
import type { InputWatch } from "../signal/sample-block.js";
import type { ExpectedDigest } from "../store/store.js";
import { type ChosenSignals, chooseSignals } from "./choose-signals.js";
import { ClippedInputs, type InputRange } from "./clipped-inputs.js";
import { ConstantInputs } from "./constant-inputs.js";
import type { CacheFolder } from "./folder.js";
import { frameLayout } from "./format.js";
import { type HashingSource, withSha256 } from "./hashing-source.js";
import { asLeaveOut, isSourceFault, LeaveOut } from "./leave-out.js";
import { type ChannelStatistics, markFlat } from "./normalize.js";
import { readSampleBlocks } from "./sample-blocks.js";
import { type Placed, SegmentChain } from "./segment-chain.js";
import type { GapPolicy } from "./segments.js";
import { hasSignal, type Sidecar, writeSidecar } from "./sidecar.js";
import { FrameSpool } from "./spool.js";
import { storageError, temporaryPath } from "./temporary.js";
import { type WrittenSamples, writeSamples } from "./write-recording.js";

/** One recording to be built; plain data, so that it can go to a worker thread. */
export interface RecordingJob {
  readonly folder: CacheFolder;
  readonly entry: RecordingEntry;
  readonly chain: ChainOptions;
  /** Filtered float32 kept in memory; more goes to a temporary file. */
  readonly memoryLimitBytes: number;
  /** What the source's bytes must come to, as far as its store vouches for them. @default nothing is known */
  readonly expected?: readonly ExpectedDigest[];
  readonly gaps: GapPolicy;
}

/** What a job needs of the outside: bytes of its source, its labels, and a way to be stopped. */
export interface JobPorts {
  readonly source: ByteSource;
  readonly readLabels: (durationSeconds: number) => Promise<RecordingLabels>;
  readonly signal?: AbortSignal;
}

/** Output channels all of whose electrodes are constant; with a common average there are none. */
function knownFlat(chain: ChainOptions, electrodes: readonly string[], constant: readonly boolean[]): boolean[] {
  const { channels, commonAverage } = montageOf(chain.reference);
  const isConstant = (electrode: string | undefined) =>
    electrode === undefined || constant[electrodes.indexOf(electrode)] === true;
  return channels.map(({ plus, minus }) => !commonAverage && isConstant(plus) && isConstant(minus));
}

function openChain(
  options: ChainOptions,
  { electrodes, missing, sampleRateHz }: ChosenSignals,
  watch: InputWatch,
): Chain {
  try {
    return createChain(options, { electrodes, sampleRateHz, watch });
  } catch (error) {
    throw asLeaveOut(error, missing.length > 0 ? "missing-electrodes" : "unsupported-sample-rate");
  }
}

/** The least and the greatest number that the file can hold for a signal, as they are decoded. */
function rangeOf(header: EdfHeader, index: number): InputRange {
  const { digitalMin, digitalMax } = header.signals[index]!; // chosen from the header
  const { gain, digitalOffset, factor } = signalLayoutOf(header, index);
  const [first, last] = [digitalMin, digitalMax].map((word) => Math.fround(gain * (digitalOffset + word) * factor));
  return { lowest: Math.min(first!, last!), highest: Math.max(first!, last!) };
}

interface Opened {
  readonly job: RecordingJob;
  readonly source: ByteSource;
  readonly header: EdfHeader;
  readonly signal?: AbortSignal;
}

interface Filtered extends Omit<Placed, "moments"> {
  readonly statistics: ChannelStatistics;
  /** How many electrodes were saturated and not merely unconnected. */
  readonly clippedCount: number;
}

/** What gaps: "refuse" says of a break, and what "split" cannot mend. */
function refuseBreak(found: TimelineBreak, gaps: GapPolicy): void {
  const { kind } = found;
  if (kind === "gap" && gaps === "split") return;
  const code = ({ gap: "discontinuous", overlap: "record-overlap", unknown: "timestamps-missing" } as const)[kind];
  const advice = kind === "gap" ? "keep its parts apart with data.gaps: split (--gaps split)" : "mend its timestamps";
  throw new LeaveOut(code, `${describeBreak(found)}; ${advice}`);
}

/** A recording that carries no signal anywhere is not background: LeaveOut "no-signal". */
function refuseSilence(
  electrodes: readonly string[],
  dead: readonly boolean[],
  { flat, filled }: Pick<Sidecar, "flat" | "filled">,
): void {
  if (hasSignal({ flat, filled }) && !dead.every(Boolean)) return;
  const deadCount = dead.filter(Boolean).length;
  const found = `${deadCount} of its ${electrodes.length} electrodes never change or are saturated, and ${flat.filter(Boolean).length} of ${flat.length} channels are flat`;
  throw new LeaveOut("no-signal", `${found}; check that the electrodes were connected`);
}

/** First pass: fill the spool with the filtered signal (microvolts) and close its statistics. */
async function filterInto(spool: FrameSpool, opened: Opened): Promise<Filtered> {
  const { job, source, header, signal } = opened;
  const chosen = chooseSignals(header, job.chain);
  const constant = new ConstantInputs(chosen.signals.length);
  const saturation = new ClippedInputs(chosen.signals.map((index) => rangeOf(header, index)));
  const watch: InputWatch = (samples, count, extremes) => {
    constant.look(extremes);
    saturation.look(samples, count, extremes);
  };
  const chain = new SegmentChain({
    open: () => openChain(job.chain, chosen, watch),
    onSegment: () => constant.restart(),
    sink: spool.put.bind(spool),
    sampleRateHz: job.chain.targetRateHz,
    recordDurationSeconds: header.recordDurationSeconds,
  });
  for await (const run of readSampleBlocks(source, header, chosen.signals, signal)) {
    if (run.break) refuseBreak(run.break, job.gaps);
    chain.feed(run);
    await spool.settle();
  }
  const { moments, ...placed } = chain.end();
  await spool.finish();
  const statistics = markFlat(moments, knownFlat(job.chain, chosen.electrodes, constant.constant));
  if (!statistics.std.every(Number.isFinite))
    throw new LeaveOut("not-finite", "its samples are not all finite numbers");
  const dead = saturation.saturated.map((mark, input) => mark || constant.constant[input]!);
  refuseSilence(chosen.electrodes, dead, { flat: [...statistics.flat], filled: [...placed.filled] });
  const clippedCount = saturation.clipped.filter((mark, input) => mark && !constant.constant[input]).length;
  return { ...placed, statistics, clippedCount };
}

interface Made extends Filtered {
  readonly job: RecordingJob;
  readonly header: EdfHeader;
  readonly labels: RecordingLabels;
  readonly sha256: string;
  readonly written: WrittenSamples;
}

function toSidecar(made: Made): Sidecar {
  const { job, header, labels, statistics, filled, written } = made;
  const { path: _path, ...description } = job.folder;
  const { id, split, patient, session, montage, edfKey, edfSize, edfEtag } = job.entry;
  const codes = [
    ...header.diagnostics.map(({ code }) => code as string),
    ...filled.flatMap((mark) => (mark ? ["interpolated-channel"] : [])),
    ...statistics.flat.flatMap((mark) => (mark ? ["flat-channel"] : [])),
    ...new Array<string>(made.clippedCount).fill("clipped-channel"),
    ...new Array<string>(made.gapCount).fill(header.kind.endsWith("+D") ? "gap" : "discontinuity"),
    ...new Array<string>(made.shortCount).fill("short-segment"),
  ];
  return {
    ...description,
    ...{ id, split, patient, session, montage },
    source: { key: edfKey, size: edfSize, ...(edfEtag !== undefined && { etag: edfEtag }), sha256: made.sha256 },
    sampleCount: made.sampleCount,
    ...(made.segments && { segments: [...made.segments] }),
    timelineCheck: "records",
    mean: [...statistics.mean],
    std: [...statistics.std],
    flat: [...statistics.flat],
    filled: [...filled],
    ...storedLabels(labels),
    durationSeconds: made.endSeconds ?? header.durationSeconds,
    diagnostics: countNames(codes),
    ...written,
  };
}

/** The part of a sidecar that comes from annotations. */
export function storedLabels(labels: RecordingLabels): Pick<Sidecar, "labelled" | "seizures" | "labelFindings"> {
  const seizures = labels.seizures.map(({ startSeconds, endSeconds, label, confidence }) => ({
    ...{ startSeconds, endSeconds },
    ...{ label, confidence },
  }));
  const labelFindings = countNames(labels.findings.map(({ code }) => code));
  return { labelled: labels.status === "labelled", seizures, labelFindings };
}

async function headerOf(source: ByteSource, chain: ChainOptions): Promise<EdfHeader> {
  const header = await readEdfHeader(source);
  if (header.recordsFound === 0) throw new LeaveOut("no-records", "it holds no data record");
  chooseSignals(header, chain); // before labels are fetched for a recording that is left out anyway
  return header;
}

/**
 * What was made of a recording's bytes. Damaged bytes are no fault of the recording: before it is blamed they are compared
 * with what the store vouches for ("BadDigest").
 */
async function orDamage<T>(source: HashingSource, making: Promise<T>): Promise<T> {
  try {
    return await making;
  } catch (error) {
    const isFaultOfContent = isIctalError(error, "FormatError", "UnsupportedError") || error instanceof LeaveOut;
    if (isFaultOfContent && !isSourceFault(error)) await source.check();
    throw error;
  }
}

async function build(job: RecordingJob, ports: JobPorts, spool: FrameSpool): Promise<Sidecar> {
  const source = withSha256(ports.source, job.expected);
  const header = await orDamage(source, headerOf(source, job.chain));
  const labelsOver = (filtered?: Filtered) => ports.readLabels(filtered?.endSeconds ?? header.durationSeconds);
  const early = job.gaps === "refuse" ? await labelsOver() : undefined; // else the end of its time is not known yet
  const filtered = await orDamage(source, filterInto(spool, { job, source, header, signal: ports.signal }));
  const labels = early ?? (await labelsOver(filtered));
  const sha256 = await source.digest();
  const layout = frameLayout(job.folder.channels.length, job.folder.sampleType);
  const { normalize, clip } = job.chain;
  const scaling = { statistics: filtered.statistics, normalize, clip };
  const written = await writeSamples(job.folder.path, job.entry.id, layout, spool, scaling);
  const sidecar = toSidecar({ ...filtered, job, header, labels, sha256, written });
  await writeSidecar(job.folder.path, sidecar);
  return sidecar;
}

/**
 * Build one recording and write its sidecar last. Throws LeaveOut when the recording is at fault, a CacheError when the
 * cache's disk is, the signal's reason when stopped; in each case no temporary file stays.
 */
export async function buildRecording(job: RecordingJob, ports: JobPorts): Promise<Sidecar> {
  const channelCount = job.folder.channels.length;
  const spillPath = temporaryPath(job.folder.path);
  const spool = new FrameSpool({
    channelCount,
    memoryLimitBytes: job.memoryLimitBytes,
    spillPath,
  });
  try {
    return await build(job, ports, spool);
  } catch (error) {
    const fault = storageError(error, spillPath);
    throw fault === error ? asLeaveOut(error, "unsupported") : fault;
  } finally {
    await spool.close();
  }
}
