import { isIctalError } from "@ictal/base/errors";
import type { Diagnostic, DiagnosticCode } from "./diagnostics.js";
import { createAnnotationCollector, type EdfAnnotations } from "./edf-annotations.js";
import { parseDecimal } from "./edf-fields.js";
import { type EdfHeader, parseEdfHeader } from "./edf-header.js";
import { bytesPerSample, type EdfHeaderSpec, type EdfSignalSpec, isPlus } from "./edf-spec.js";
import { type EdfAnnotation, TIME_STEP_SECONDS } from "./tal.js";

/** A file about to be written, without its samples. */
export interface PendingFile {
  readonly spec: EdfHeaderSpec;
  readonly header: Uint8Array;
  readonly fileBytes: number;
  /** Annotation bytes of each record; empty for plain files. */
  readonly tals: readonly Uint8Array[];
}

/** Info diagnostics that a written file must not have. */
const REFUSED_INFO: ReadonlySet<DiagnosticCode> = new Set(["header-nul-padding"]);

/** Warnings that a written file may have: each signal reads back unchanged. */
const ALLOWED_WARNINGS: ReadonlySet<DiagnosticCode> = new Set(["mixed-electrode-rates"]);

/** Half a step of 16 bits: a physical range may move by so much when it is written in eight characters. */
const RANGE_TOLERANCE = 0.5 / 65535;

/**
 * Read the planned file with our own reader and compare. RangeError on every diagnostic of severity error or warning
 * whose code is not in the spec's `accept`, and on every value that would read back differently.
 */
export function checkRoundTrip({ spec, header: bytes, fileBytes, tals }: PendingFile): void {
  const header = parsed(bytes, fileBytes);
  const found = isPlus(spec.kind) ? readTals(header, tals) : undefined;
  const accepted: ReadonlySet<string> = new Set([...(spec.accept ?? []), ...acceptedByReserved(spec)]);
  spec.signals.forEach((signal, index) => {
    compareSignal(signal, header, index, accepted);
  });
  compareDuration(spec, header);
  for (const issue of [...header.diagnostics, ...(found?.diagnostics ?? [])]) {
    if (isRefused(issue) && !accepted.has(issue.code)) throw refusal(issue);
  }
  if (header.kind !== spec.kind && spec.reserved === undefined && !accepted.has("plus-without-annotations")) {
    throw new RangeError(`invalid kind: ${spec.kind} would read back as ${header.kind}; check reserved and the labels`);
  }
  compareStart(spec, header, accepted);
  if (found) compareAnnotations(spec.annotations ?? [], found);
}

/** Codes that a reserved field given by the caller allows: a file marked continuous may have gaps. */
function acceptedByReserved({ reserved }: EdfHeaderSpec): readonly DiagnosticCode[] {
  return reserved === undefined ? [] : ["discontinuity"];
}

function parsed(bytes: Uint8Array, fileBytes: number): EdfHeader {
  try {
    return parseEdfHeader("the file to be written", bytes, fileBytes);
  } catch (error) {
    if (isIctalError(error, "FormatError")) throw new RangeError(`invalid recording: ${error.message}`);
    throw error;
  }
}

function isRefused({ code, severity }: Diagnostic): boolean {
  if (severity === "info") return REFUSED_INFO.has(code);
  return !ALLOWED_WARNINGS.has(code);
}

function refusal({ code, message }: Diagnostic): RangeError {
  return new RangeError(
    `invalid recording (${code}): ${message}. Correct the value, or list "${code}" in accept to write it anyway`,
  );
}

/** Annotations and timeline as they would be read: the records without their samples. */
function readTals(header: EdfHeader, tals: readonly Uint8Array[]): EdfAnnotations {
  const signals = header.signals.filter(({ isAnnotation }) => isAnnotation).map((signal) => ({ ...signal, index: 0 }));
  const width = bytesPerSample(header.kind);
  const recordBytes = width * signals.reduce((sum, { samplesPerRecord }) => sum + samplesPerRecord, 0);
  const collector = createAnnotationCollector({ ...header, signals, recordBytes });
  const bytes = new Uint8Array(recordBytes);
  tals.forEach((tal, startRecord) => {
    bytes.fill(0).set(tal);
    collector.add({ startRecord, recordCount: 1, bytes });
  });
  return collector.finish();
}

function compareStart(spec: EdfHeaderSpec, header: EdfHeader, accepted: ReadonlySet<string>): void {
  const { startDate, startTime } = spec;
  if (!(startDate instanceof Date) || accepted.has("start-date-conflict")) return;
  const iso = startDate.toISOString();
  const compared = startTime === undefined ? iso.length : iso.indexOf("T"); // an explicit time replaces that of the Date
  const isKept = startDate.getUTCFullYear() >= 1985; // "yy" instead of a year means one after 2084
  if (isKept && iso.slice(0, compared) === `${header.startDateTime}.000Z`.slice(0, compared)) return;
  throw new RangeError(
    `invalid startDate: ${iso} does not read back (${header.startDateTime ?? "unknown"}); the header holds whole seconds from 1985 to 2084, in EDF+ later ones too, and 1985-01-01 means withheld`,
  );
}

function compareDuration({ recordDurationSeconds: given }: EdfHeaderSpec, header: EdfHeader): void {
  const wanted = typeof given === "string" ? parseDecimal(given) : given;
  const read = header.recordDurationSeconds;
  if (Number.isNaN(read) || Math.abs(read - wanted) <= 1e-12 * wanted) return; // NaN was accepted; the rest is floating-point error
  throw new RangeError(
    `invalid recordDurationSeconds: ${wanted} is ${read} in the field's eight characters, which gives wrong rates; choose one that fits`,
  );
}

function compareSignal(signal: EdfSignalSpec, header: EdfHeader, index: number, accepted: ReadonlySet<string>): void {
  const read = header.signals[index]!; // the header was made of these signals
  if (read.isAnnotation)
    throw new RangeError(`invalid label: "${signal.label}" marks annotations; give those as annotations`);
  const texts = {
    label: signal.label,
    unit: signal.unit ?? "uV",
    transducer: signal.transducer,
    prefilter: signal.prefilter,
  };
  for (const [field, text = ""] of Object.entries(texts)) {
    const back = read[field as keyof typeof texts];
    if (back !== text)
      throw new RangeError(`invalid ${field}: ${JSON.stringify(text)} would read back as ${JSON.stringify(back)}`);
  }
  const tolerance = RANGE_TOLERANCE * Math.abs(signal.physicalMax - signal.physicalMin);
  for (const field of ["physicalMin", "physicalMax"] as const) {
    if (Math.abs(read[field] - signal[field]) <= tolerance || accepted.has("flat-physical-range")) continue;
    throw new RangeError(
      `invalid ${field} of "${signal.label}": ${signal[field]} is ${read[field]} in the field's eight characters, which changes the scale; use another unit or round the range`,
    );
  }
}

function compareAnnotations(
  given: readonly EdfAnnotation[],
  { annotations: read, originSeconds }: EdfAnnotations,
): void {
  const sorted = [...given].sort((a, b) => a.onsetSeconds - b.onsetSeconds);
  const isNear = (a: number, b: number) => Math.abs(a - b) <= TIME_STEP_SECONDS;
  sorted.forEach((annotation, i) => {
    const back = read[i];
    const isSame =
      back?.text === annotation.text &&
      isNear(back.onsetSeconds + originSeconds, annotation.onsetSeconds) &&
      (back.durationSeconds === undefined) === (annotation.durationSeconds === undefined) &&
      isNear(back.durationSeconds ?? 0, annotation.durationSeconds ?? 0);
    if (isSame) return;
    throw new RangeError(
      `invalid annotation at ${annotation.onsetSeconds} s: ${JSON.stringify(annotation.text)} would read back differently`,
    );
  });
}
