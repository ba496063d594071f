import type { DiagnosticCode } from "./diagnostics.js";
import {
  formatNumber,
  HEADER_BLOCK_BYTES,
  MAIN_FIELDS,
  SIGNAL_FIELDS,
  signalFieldOffset,
  writeField,
} from "./edf-fields.js";
import type { Ranges } from "./edf-scaling.js";
import type { EdfAnnotation } from "./tal.js";

/** Container and continuity: plain, "+C" continuous with annotations, "+D" with gaps between records. */
export type EdfKind = "EDF" | "EDF+C" | "EDF+D" | "BDF" | "BDF+C" | "BDF+D";

/** Header of one signal to be written; ranges are written as decimal text, so they are rounded to eight characters. */
export interface EdfSignalSpec {
  readonly label: string;
  /** @default "" */
  readonly transducer?: string | undefined;
  /** @default "uV" */
  readonly unit?: string | undefined;
  readonly physicalMin: number;
  readonly physicalMax: number;
  /** @default -32768, for BDF -8388608 */
  readonly digitalMin?: number | undefined;
  /** @default 32767, for BDF 8388607 */
  readonly digitalMax?: number | undefined;
  /** @default "" */
  readonly prefilter?: string | undefined;
  readonly samplesPerRecord: number;
}

/** Everything of a file except its samples. */
export interface EdfHeaderSpec<Signal extends EdfSignalSpec = EdfSignalSpec> {
  readonly kind: EdfKind;
  /** @default "" for plain files, "X X X X" for EDF+ and BDF+ */
  readonly patient?: string | undefined;
  /** @default "" for plain files, "Startdate … X X X" for EDF+ and BDF+ */
  readonly recording?: string | undefined;
  /**
   * A Date (read in UTC, whole seconds) or the raw eight characters, so that invalid dates can be written where `accept`
   * names their diagnostic. @default "01.01.85", which means that the date is withheld
   */
  readonly startDate?: Date | string | undefined;
  /** Raw eight characters. @default the time of a Date, else "00.00.00" */
  readonly startTime?: string | undefined;
  /**
   * Raw text of the reserved field, for files that are marked wrongly: the kind that it names is read back, and gaps in a file
   * marked continuous are written. @default the kind's own: "", "EDF+C", "24BIT", …
   */
  readonly reserved?: string | undefined;
  /** Seconds, or the raw text ("1.000000" fills its field as TUSZ does). */
  readonly recordDurationSeconds: number | string;
  readonly signals: readonly Signal[];
  /** Only for EDF+ and BDF+. Onsets count from the start in the header. */
  readonly annotations?: readonly EdfAnnotation[] | undefined;
  /** Start of each record in seconds (EDF+D, or a fractional start). @default record index x duration */
  readonly recordStartSeconds?: ((record: number) => number) | undefined;
  /** Codes of diagnostics that the file may have; others of severity error or warning are refused. @default [] */
  readonly accept?: readonly DiagnosticCode[] | undefined;
  /** Clip samples outside the range instead of refusing them; NaN is always refused. @default false */
  readonly clip?: boolean | undefined;
  /** Called once, after everything is written, with the signals that have clipped samples. */
  readonly onClipped?: ((found: readonly ClippedSignal[]) => void) | undefined;
}

/** How many samples of a signal were outside its range and were clipped. */
export interface ClippedSignal {
  readonly signal: number;
  readonly label: string;
  readonly count: number;
}

/** True for the kinds that carry an annotation signal. */
export function isPlus(kind: EdfKind): boolean {
  return kind.includes("+");
}

/** Bytes of one stored sample: 2 in EDF, 3 in BDF. */
export function bytesPerSample(kind: EdfKind): 2 | 3 {
  return kind.startsWith("BDF") ? 3 : 2;
}

/** A signal's four ranges as a reader will read them from the header. RangeError when they cannot be written. */
export function writtenRanges(kind: EdfKind, signal: EdfSignalSpec): Ranges {
  const half = kind.startsWith("BDF") ? 8388608 : 32768;
  return {
    physicalMin: Number(rangeText(signal, "physicalMin")),
    physicalMax: Number(rangeText(signal, "physicalMax")),
    digitalMin: signal.digitalMin ?? -half,
    digitalMax: signal.digitalMax ?? half - 1,
  };
}

/** A range's text; the RangeError names the signal. */
function rangeText(signal: EdfSignalSpec, field: "physicalMin" | "physicalMax"): string {
  try {
    return formatNumber(signal[field]);
  } catch (error) {
    throw new RangeError(`invalid ${field} of "${signal.label}": ${signal[field]} does not fit eight characters`, {
      cause: error,
    });
  }
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const two = (value: number) => String(value).padStart(2, "0");

interface StartTexts {
  date: string;
  time: string;
  plusDate: string;
}

function startTexts({ startDate = "01.01.85", startTime }: EdfHeaderSpec): StartTexts {
  if (typeof startDate === "string") return { date: startDate, time: startTime ?? "00.00.00", plusDate: "X" };
  if (Number.isNaN(startDate.getTime())) throw new RangeError("invalid startDate: no date");
  const year = startDate.getUTCFullYear();
  const day = two(startDate.getUTCDate());
  const inClipRange = year >= 1985 && year <= 2084; // outside it EDF+ writes "yy" and keeps the year in Startdate
  return {
    date: `${day}.${two(startDate.getUTCMonth() + 1)}.${inClipRange ? two(year % 100) : "yy"}`,
    time:
      startTime ?? [startDate.getUTCHours(), startDate.getUTCMinutes(), startDate.getUTCSeconds()].map(two).join("."),
    plusDate: `${day}-${MONTHS[startDate.getUTCMonth()]}-${year}`,
  };
}

/** The header's bytes, annotation signals (already among `signals`) included. `recordCount` -1 means "not known yet". */
export function encodeHeader(spec: EdfHeaderSpec, signals: readonly EdfSignalSpec[], recordCount: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BLOCK_BYTES * (signals.length + 1)).fill(0x20);
  const plus = isPlus(spec.kind);
  const isBdf = spec.kind.startsWith("BDF");
  const start = startTexts(spec);
  const duration = spec.recordDurationSeconds;
  const texts: Record<keyof typeof MAIN_FIELDS, string> = {
    version: isBdf ? "\xffBIOSEMI" : "0",
    patient: spec.patient ?? (plus ? "X X X X" : ""),
    recording: spec.recording ?? (plus ? `Startdate ${start.plusDate} X X X` : ""),
    startDate: start.date,
    startTime: start.time,
    headerBytes: String(bytes.length),
    reserved: spec.reserved ?? (plus ? spec.kind : isBdf ? "24BIT" : ""),
    recordCount: String(recordCount),
    recordDuration: typeof duration === "string" ? duration : formatNumber(duration),
    signalCount: String(signals.length),
  };
  for (const key of Object.keys(MAIN_FIELDS) as (keyof typeof MAIN_FIELDS)[]) {
    writeField(bytes, MAIN_FIELDS[key].offset, MAIN_FIELDS[key], texts[key]);
  }
  signals.forEach((signal, index) => {
    encodeSignalInto(bytes, spec.kind, signal, index, signals.length);
  });
  return bytes;
}

function encodeSignalInto(bytes: Uint8Array, kind: EdfKind, signal: EdfSignalSpec, index: number, count: number): void {
  const ranges = writtenRanges(kind, signal);
  const texts: Record<keyof typeof SIGNAL_FIELDS, string> = {
    label: signal.label,
    transducer: signal.transducer ?? "",
    unit: signal.unit ?? "uV",
    physicalMin: rangeText(signal, "physicalMin"),
    physicalMax: rangeText(signal, "physicalMax"),
    digitalMin: formatNumber(ranges.digitalMin),
    digitalMax: formatNumber(ranges.digitalMax),
    prefilter: signal.prefilter ?? "",
    samplesPerRecord: String(signal.samplesPerRecord),
    signalReserved: "",
  };
  for (const key of Object.keys(SIGNAL_FIELDS) as (keyof typeof SIGNAL_FIELDS)[]) {
    writeField(bytes, signalFieldOffset(SIGNAL_FIELDS[key], index, count), SIGNAL_FIELDS[key], texts[key]);
  }
}
