import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { commitFile, explainWriteError, temporaryName } from "@ictal/base/atomic-file";
import { makeFolder } from "@ictal/base/make-folder";
import { checkSamples, type EdfSamples, encodeSamplesInto, type SignalEncoder, signalEncoders } from "./edf-encode.js";
import { parseDecimal } from "./edf-fields.js";
import { checkRoundTrip } from "./edf-round-trip.js";
import { bytesPerSample, type EdfHeaderSpec, type EdfSignalSpec, encodeHeader, isPlus } from "./edf-spec.js";
import { encodeTal } from "./tal.js";

export interface EdfSignalData extends EdfSignalSpec {
  /** A whole number of records long. */
  readonly samples: EdfSamples;
}

/** A whole file: header, samples and annotations. */
export type EdfSpec = EdfHeaderSpec<EdfSignalData>;

/** Writes records in order into a temporary file that `finish` moves into place; `abort` removes it. */
export interface EdfWriter {
  /** `samples[s]` holds whole records of signal `s`, the same number for all signals. Arrays may be reused afterwards. */
  writeRecords(samples: readonly EdfSamples[]): Promise<void>;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

interface PreparedFile {
  readonly spec: EdfHeaderSpec;
  readonly header: Uint8Array;
  readonly width: 2 | 3;
  readonly encoders: readonly SignalEncoder[];
  readonly recordBytes: number;
  /** TALs of each record, timekeeping first; empty for plain files. */
  readonly tals: readonly Uint8Array[];
}

/**
 * Bytes of a whole EDF, EDF+, BDF or BDF+ file. RangeError, naming signal and value, when our reader would report an error
 * or a warning for it, or would read back another value; see `accept` and `clip` of the spec.
 */
export function encodeEdf(spec: EdfSpec): Uint8Array {
  const recordCount = countRecords(
    spec.signals,
    spec.signals.map((signal) => signal.samples),
  );
  const prepared = prepareFile(spec, recordCount);
  const bytes = new Uint8Array(prepared.header.length + recordCount * prepared.recordBytes);
  bytes.set(prepared.header);
  encodeRecordsInto(
    bytes.subarray(prepared.header.length),
    prepared,
    0,
    recordCount,
    spec.signals.map((signal) => signal.samples),
  );
  reportClipped(prepared);
  return bytes;
}

function reportClipped({ spec, encoders }: PreparedFile): void {
  const found = encoders.flatMap(({ label, clipped }, signal) =>
    clipped > 0 ? [{ signal, label, count: clipped }] : [],
  );
  if (found.length > 0) spec.onClipped?.(found);
}

/** Write a whole file atomically. @see openEdfWriter for recordings larger than memory */
export async function writeEdf(
  path: string,
  spec: EdfSpec,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const samples = spec.signals.map((signal) => signal.samples);
  const recordCount = countRecords(spec.signals, samples);
  const writer = await openEdfWriter(path, { ...spec, recordCount }, { signal });
  try {
    const step = 64; // records per write, so that memory stays a small multiple of the input
    for (let record = 0; record < recordCount; record += step) {
      const end = Math.min(record + step, recordCount);
      await writer.writeRecords(
        spec.signals.map((signal) =>
          signal.samples.subarray(record * signal.samplesPerRecord, end * signal.samplesPerRecord),
        ),
      );
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** Writes blocks of records under a temporary name. */
class TemporaryEdf implements EdfWriter {
  #written = 0;
  #isOpen = true;

  constructor(
    readonly path: string,
    readonly prepared: PreparedFile,
    readonly recordCount: number,
    readonly temporary: string,
    readonly handle: FileHandle,
    readonly signal: AbortSignal | undefined,
  ) {}

  async writeRecords(samples: readonly EdfSamples[]): Promise<void> {
    this.signal?.throwIfAborted();
    const { prepared, recordCount } = this;
    const count = countRecords(prepared.spec.signals, samples, recordCount - this.#written);
    if (this.#written + count > recordCount)
      throw new RangeError(`invalid record count: ${this.#written + count} written, ${recordCount} announced`);
    const bytes = new Uint8Array(count * prepared.recordBytes);
    encodeRecordsInto(bytes, prepared, this.#written, count, samples);
    await this.append(bytes);
    this.#written += count;
  }

  /** Appends bytes as they are: the header, or whole records. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.handle.writeFile(bytes).catch((error: unknown) => {
      throw explainWriteError(error, this.path);
    });
  }

  async finish(): Promise<void> {
    this.signal?.throwIfAborted();
    if (this.#written !== this.recordCount)
      throw new RangeError(`invalid record count: ${this.#written} written, ${this.recordCount} announced`);
    try {
      await this.handle.sync();
      await this.#close();
      await commitFile(this.temporary, this.path);
    } catch (error) {
      throw explainWriteError(error, this.path);
    }
    reportClipped(this.prepared);
  }

  async abort(): Promise<void> {
    await this.#close();
    await rm(this.temporary, { force: true });
  }

  async #close(): Promise<void> {
    if (this.#isOpen) await this.handle.close();
    this.#isOpen = false;
  }
}

/**
 * Open a block writer for `recordCount` records. Throws a RangeError when the header cannot be written, a StoreError when the disk
 * takes no file there, and, as its `writeRecords` and `finish`, the signal's reason when stopped; `abort` then removes what there is.
 */
export async function openEdfWriter(
  path: string,
  spec: EdfHeaderSpec & { recordCount: number },
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<EdfWriter> {
  signal?.throwIfAborted();
  const prepared = prepareFile(spec, spec.recordCount);
  const temporary = temporaryName(path);
  const handle = await makeFolder(dirname(path))
    .then(() => open(temporary, "wx"))
    .catch((error: unknown) => {
      throw explainWriteError(error, path);
    });
  const writer = new TemporaryEdf(path, prepared, spec.recordCount, temporary, handle, signal);
  try {
    await writer.append(prepared.header);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return writer;
}

function checkSignals(signals: readonly EdfSignalSpec[]): void {
  for (const { label, samplesPerRecord } of signals) {
    if (Number.isInteger(samplesPerRecord) && samplesPerRecord > 0) continue;
    throw new RangeError(`invalid samplesPerRecord of "${label}": ${samplesPerRecord}`);
  }
}

/** Whole records that `samples` hold. `annotationsOnly` is the count for a file without signals. */
function countRecords(signals: readonly EdfSignalSpec[], samples: readonly EdfSamples[], annotationsOnly = 1): number {
  checkSignals(signals);
  if (samples.length !== signals.length)
    throw new RangeError(`invalid sample arrays: ${samples.length} for ${signals.length} signals`);
  let first: number | undefined;
  for (const [i, { label, samplesPerRecord }] of signals.entries()) {
    const given: unknown = samples[i];
    checkSamples(given, label);
    const count = given.length / samplesPerRecord;
    first ??= count;
    if (!Number.isInteger(count) || count !== first) {
      throw new RangeError(
        `invalid length of "${label}": ${given.length} samples are ${count} records of ${samplesPerRecord}, the first signal has ${first}`,
      );
    }
  }
  return first ?? annotationsOnly;
}

function prepareFile(spec: EdfHeaderSpec, recordCount: number): PreparedFile {
  checkSignals(spec.signals);
  if (!Number.isInteger(recordCount) || recordCount < 0) throw new RangeError(`invalid recordCount: ${recordCount}`);
  const plus = isPlus(spec.kind);
  if (!plus && spec.annotations?.length) {
    throw new RangeError(`invalid kind: ${spec.kind} cannot hold annotations; use ${spec.kind}+C`);
  }
  const width = bytesPerSample(spec.kind);
  const tals = plus ? encodeTals(spec, recordCount) : [];
  const longest = tals.reduce((most, tal) => Math.max(most, tal.length), 0);
  const talSamples = plus ? Math.max(60, Math.ceil(longest / width)) : 0; // EDFlib's readers expect room for a timestamp
  const signals = plus ? [...spec.signals, annotationSignal(spec, talSamples)] : spec.signals;
  const header = encodeHeader(spec, signals, recordCount);
  const recordBytes = width * signals.reduce((sum, signal) => sum + signal.samplesPerRecord, 0);
  checkRoundTrip({ spec, header, fileBytes: header.length + recordCount * recordBytes, tals });
  return { spec, header, width, encoders: signalEncoders(spec), recordBytes, tals };
}

function annotationSignal(spec: EdfHeaderSpec, samplesPerRecord: number): EdfSignalSpec {
  const label = spec.kind.startsWith("BDF") ? "BDF Annotations" : "EDF Annotations";
  return { label, unit: "", physicalMin: -1, physicalMax: 1, samplesPerRecord };
}

/** TALs of each record: its start, then an even share of the annotations in the order of their onsets. */
function encodeTals(spec: EdfHeaderSpec, recordCount: number): Uint8Array[] {
  const annotations = [...(spec.annotations ?? [])].sort((a, b) => a.onsetSeconds - b.onsetSeconds);
  if (annotations.length > 0 && recordCount === 0)
    throw new RangeError("invalid recordCount: 0, annotations need a record");
  const given = spec.recordDurationSeconds;
  const duration = typeof given === "string" ? parseDecimal(given) : given;
  const startOf = spec.recordStartSeconds ?? ((record: number) => record * duration);
  const parts: Uint8Array[][] = Array.from({ length: recordCount }, (_, record) => [encodeTal(startOf(record), [""])]);
  annotations.forEach(({ onsetSeconds, durationSeconds, text }, index) => {
    const record = Math.floor((index * recordCount) / annotations.length);
    parts[record]?.push(encodeTal(onsetSeconds, [text], durationSeconds));
  });
  return parts.map((tals) => Buffer.concat(tals));
}

function encodeRecordsInto(
  out: Uint8Array,
  prepared: PreparedFile,
  firstRecord: number,
  recordCount: number,
  samples: readonly EdfSamples[],
): void {
  for (let record = 0; record < recordCount; record++) {
    let position = record * prepared.recordBytes;
    for (const [s, encoder] of prepared.encoders.entries()) {
      const { samplesPerRecord } = encoder;
      const firstSample = (firstRecord + record) * samplesPerRecord;
      encodeSamplesInto(out, position, prepared.width, samples[s]!, record * samplesPerRecord, encoder, firstSample);
      position += prepared.width * samplesPerRecord;
    }
    const tals = prepared.tals[firstRecord + record];
    if (tals) out.set(tals, position); // the rest stays NUL, which pads a TAL signal
  }
}
