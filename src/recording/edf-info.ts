import type { ByteSource } from "./byte-source.js";
import type { Diagnostic } from "./diagnostics.js";
import { createAnnotationCollector, type EdfSegment } from "./edf-annotations.js";
import { addDigitalSums, type DigitalSums, signalLayoutOf } from "./edf-decode.js";
import { isHarmlessPrefilter } from "./edf-harmless.js";
import { type EdfHeader, readEdfHeader } from "./edf-header.js";
import { readRecords } from "./edf-records.js";
import type { EdfSignal } from "./edf-signals.js";
import type { EdfKind } from "./edf-spec.js";

export interface EdfSignalInfo {
  readonly label: string;
  readonly electrode: string | null;
  /** Two electrodes, "FP1-F7", of whose potentials the signal is the difference; absent for others. */
  readonly pair?: string;
  /** null when the record duration is 0 or unreadable. */
  readonly sampleRateHz: number | null;
  readonly unit: string;
  readonly physicalMin: number | null;
  readonly physicalMax: number | null;
  readonly digitalMin: number | null;
  readonly digitalMax: number | null;
  /** False when the ranges give no scale, so that samples stay digital values. */
  readonly isScaled: boolean;
  readonly samplesPerRecord: number;
  readonly sampleCount: number;
  /** null when the field holds anything but filter settings, since that could identify a person. */
  readonly prefilter: string | null;
  readonly isAnnotation: boolean;
  /** Of ordinary signals, only with `digitalSums`. */
  readonly digital?: DigitalSums;
}

/** Description of a recording, without its samples and any text of its patient and recording fields. */
export interface EdfInfo {
  readonly kind: EdfKind;
  readonly headerBytes: number;
  readonly recordBytes: number;
  readonly patientFieldPresent: boolean;
  /** Local `YYYY-MM-DDTHH:MM:SS`; null when the file gives no valid one. */
  readonly startDateTime: string | null;
  readonly recordsInHeader: number;
  readonly recordsFound: number;
  readonly recordDurationSeconds: number | null;
  readonly durationSeconds: number | null;
  readonly segments: readonly EdfSegment[];
  readonly annotationCount: number;
  readonly signals: readonly EdfSignalInfo[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Describe a recording. Plain files cost one header read; files with annotations, or `digitalSums` (count, min, max and
 * exact sum of each signal's digital values), one pass over all records. FormatError as `readEdfHeader`.
 */
export async function readEdfInfo(
  source: ByteSource,
  options: { digitalSums?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): Promise<EdfInfo> {
  const header = await readEdfHeader(source, options);
  const collector = createAnnotationCollector(header);
  const wanted = header.signals.filter((signal) => options.digitalSums && !signal.isAnnotation);
  const tallies = wanted.map(({ index }) => {
    const sums: DigitalSums = { count: 0, min: null, max: null, sum: 0 };
    return { index, place: signalLayoutOf(header, index), sums };
  });
  if (tallies.length > 0 || header.signals.some((signal) => signal.isAnnotation)) {
    for await (const records of readRecords(source, header, options)) {
      collector.add(records);
      for (const { place, sums } of tallies) addDigitalSums(sums, records.bytes, records.recordCount, place);
    }
  }
  return infoOf(header, collector.finish(), new Map(tallies.map(({ index, sums }) => [index, sums])));
}

function infoOf(
  header: EdfHeader,
  found: ReturnType<ReturnType<typeof createAnnotationCollector>["finish"]>,
  sums: ReadonlyMap<number, DigitalSums>,
): EdfInfo {
  return {
    kind: header.kind,
    headerBytes: header.headerBytes,
    recordBytes: header.recordBytes,
    patientFieldPresent: header.patientFieldPresent,
    startDateTime: header.startDateTime ?? null,
    recordsInHeader: header.recordsInHeader,
    recordsFound: header.recordsFound,
    recordDurationSeconds: known(header.recordDurationSeconds),
    durationSeconds: known(header.durationSeconds),
    segments: found.segments,
    annotationCount: found.annotations.length,
    signals: header.signals.map((signal) => infoOfSignal(signal, sums.get(signal.index))),
    diagnostics: [...header.diagnostics, ...found.diagnostics],
  };
}

const known = (value: number) => (Number.isFinite(value) ? value : null);

function infoOfSignal(signal: EdfSignal, digital: DigitalSums | undefined): EdfSignalInfo {
  return {
    label: signal.label,
    electrode: signal.electrode ?? null,
    ...(signal.pair !== undefined && { pair: signal.pair }),
    sampleRateHz: known(signal.sampleRateHz),
    unit: signal.unit,
    physicalMin: known(signal.physicalMin),
    physicalMax: known(signal.physicalMax),
    digitalMin: known(signal.digitalMin),
    digitalMax: known(signal.digitalMax),
    isScaled: signal.isScaled,
    samplesPerRecord: signal.samplesPerRecord,
    sampleCount: signal.sampleCount,
    prefilter: isHarmlessPrefilter(signal.prefilter) ? signal.prefilter : null,
    isAnnotation: signal.isAnnotation,
    ...(digital && { digital }),
  };
}
