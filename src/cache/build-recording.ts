/** One recording from EDF to its file and sidecar: read → chain → statistics → scale → write → sidecar, in bounded memory. */

import { countNames } from "../base/records.js";
import type { RecordingLabels } from "../corpus/labels.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import type { ByteSource } from "../recording/byte-source.js";
import { placeOf } from "../recording/edf-decode.js";
import { type EdfHeader, readEdfHeader } from "../recording/edf-header.js";
import { type Chain, type ChainOptions, createChain } from "../signal/chain.js";
import { montageOf } from "../signal/montages.js";
import type { InputWatch } from "../signal/sample-block.js";
import { type ChosenSignals, chooseSignals } from "./choose-signals.js";
import { ClippedInputs, type InputRange } from "./clipped-inputs.js";
import { ConstantInputs } from "./constant-inputs.js";
import type { CacheFolder } from "./folder.js";
import { frameLayout } from "./format.js";
import { withSha256 } from "./hashing-source.js";
import { asLeaveOut, LeaveOut } from "./leave-out.js";
import { type ChannelStatistics, markFlat } from "./normalize.js";
import { readSampleBlocks } from "./sample-blocks.js";
import { type Sidecar, writeSidecar } from "./sidecar.js";
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
  const { gain, digitalOffset, factor } = placeOf(header, index);
  const [first, last] = [digitalMin, digitalMax].map((word) => Math.fround(gain * (digitalOffset + word) * factor));
  return { lowest: Math.min(first!, last!), highest: Math.max(first!, last!) };
}

interface Opened {
  readonly job: RecordingJob;
  readonly source: ByteSource;
  readonly header: EdfHeader;
  readonly signal?: AbortSignal;
}

interface Filtered {
  readonly statistics: ChannelStatistics;
  /** How many electrodes were saturated and not merely unconnected. */
  readonly clippedCount: number;
  readonly filled: readonly boolean[];
}

/** First pass: fill the spool with the filtered signal (microvolts) and close its statistics. */
async function filterInto(spool: FrameSpool, opened: Opened): Promise<Filtered> {
  const { job, source, header, signal } = opened;
  const chosen = chooseSignals(header, job.chain);
  const constant = new ConstantInputs(chosen.signals.length);
  const saturation = new ClippedInputs(chosen.signals.map((index) => rangeOf(header, index)));
  const chain = openChain(job.chain, chosen, (samples, count, extremes) => {
    constant.look(extremes);
    saturation.look(samples, count, extremes);
  });
  const sink = spool.put.bind(spool);
  for await (const block of readSampleBlocks(source, header, chosen.signals, signal)) {
    chain.feed(block, sink);
    await spool.settle();
  }
  chain.end(sink);
  await spool.finish();
  const statistics = markFlat(chain.moments(), knownFlat(job.chain, chosen.electrodes, constant.constant));
  if (!statistics.std.every(Number.isFinite))
    throw new LeaveOut("not-finite", "its samples are not all finite numbers");
  const clippedCount = saturation.clipped.filter((mark, input) => mark && !constant.constant[input]).length;
  return { statistics, clippedCount, filled: chain.filled };
}

interface Made extends Filtered {
  readonly job: RecordingJob;
  readonly header: EdfHeader;
  readonly labels: RecordingLabels;
  readonly sampleCount: number;
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
  ];
  return {
    ...description,
    ...{ id, split, patient, session, montage },
    source: { key: edfKey, size: edfSize, ...(edfEtag !== undefined && { etag: edfEtag }), sha256: made.sha256 },
    sampleCount: made.sampleCount,
    mean: [...statistics.mean],
    std: [...statistics.std],
    flat: [...statistics.flat],
    filled: [...filled],
    ...storedLabels(labels),
    durationSeconds: header.durationSeconds,
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

async function build(job: RecordingJob, ports: JobPorts, spool: FrameSpool): Promise<Sidecar> {
  const source = withSha256(ports.source);
  const header = await headerOf(source, job.chain);
  const labels = await ports.readLabels(header.durationSeconds);
  const filtered = await filterInto(spool, { job, source, header, signal: ports.signal });
  const sha256 = await source.digest();
  const layout = frameLayout(job.folder.channels.length, job.folder.sampleType);
  const { normalize, clip } = job.chain;
  const scaling = { statistics: filtered.statistics, normalize, clip };
  const written = await writeSamples(job.folder.path, job.entry.id, layout, spool, scaling);
  const sidecar = toSidecar({ ...filtered, job, header, labels, sampleCount: spool.sampleCount, sha256, written });
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
    throw fault === error ? asLeaveOut(error, "discontinuous") : fault;
  } finally {
    await spool.close();
  }
}
