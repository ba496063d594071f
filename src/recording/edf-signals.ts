import { FormatError } from "@ictal/base/errors";
import { type Diagnostic, type DiagnosticCode, diagnostic } from "./diagnostics.js";
import { type Field, parseDecimal, readField, SIGNAL_FIELDS, shown, signalFieldOffset } from "./edf-fields.js";
import { isHarmlessUnit } from "./edf-harmless.js";
import { isScalable, microvoltFactor } from "./edf-scaling.js";
import { bytesPerSample, type EdfKind } from "./edf-spec.js";
import { signalNames } from "./electrodes.js";
import { isAnnotationLabel } from "./tal.js";

/** One signal of a recording as its header describes it. */
export interface EdfSignal {
  readonly index: number;
  readonly label: string;
  /** Upper-case 10-20 name (T3/T4/T5/T6); undefined when the label is not a scalp or ear electrode. */
  readonly electrode?: string;
  /** Two such electrodes, "FP1-F7", where the signal is their difference. */
  readonly pair?: string;
  readonly unit: string;
  /** NaN when the field is unreadable; so are the next three. */
  readonly physicalMin: number;
  readonly physicalMax: number;
  readonly digitalMin: number;
  readonly digitalMax: number;
  readonly samplesPerRecord: number;
  /** Samples per record / record duration; NaN when the duration is 0 or unreadable. */
  readonly sampleRateHz: number;
  /** Samples in the whole records of the file. */
  readonly sampleCount: number;
  readonly transducer: string;
  readonly prefilter: string;
  readonly isAnnotation: boolean;
  /** False when the ranges are flat or unreadable: samples then come as digital values (gain 1). */
  readonly isScaled: boolean;
}

/** The rate of the first signal that holds samples, Hz; undefined where it is not known. */
export function usualSampleRate(signals: readonly EdfSignal[]): number | undefined {
  return signals.find(({ isAnnotation, sampleRateHz }) => !isAnnotation && sampleRateHz > 0)?.sampleRateHz;
}

/** Signals of the header; `sampleCount` is filled in by the caller. FormatError when samples per record is unreadable. */
export function parseSignals(
  file: string,
  bytes: Uint8Array,
  count: number,
  recordDurationSeconds: number,
  report: (found: Diagnostic) => void,
): EdfSignal[] {
  const signals: EdfSignal[] = [];
  const textOf = (field: Field, index: number) => readField(bytes, signalFieldOffset(field, index, count), field.width);
  const names = signalNames(Array.from({ length: count }, (_, index) => textOf(SIGNAL_FIELDS.label, index)));
  for (let index = 0; index < count; index++) {
    const text = (field: Field) => textOf(field, index);
    const label = text(SIGNAL_FIELDS.label);
    const isAnnotation = isAnnotationLabel(label);
    const number = (field: Field) => parseRange(text(field), field, index, count, isAnnotation ? () => {} : report);
    const samplesPerRecord = parseSamplesPerRecord(file, text(SIGNAL_FIELDS.samplesPerRecord), index, count);
    const ranges = {
      physicalMin: number(SIGNAL_FIELDS.physicalMin),
      physicalMax: number(SIGNAL_FIELDS.physicalMax),
      digitalMin: number(SIGNAL_FIELDS.digitalMin),
      digitalMax: number(SIGNAL_FIELDS.digitalMax),
    };
    signals.push({
      index,
      label,
      ...names[index],
      unit: text(SIGNAL_FIELDS.unit),
      ...ranges,
      samplesPerRecord,
      sampleRateHz: recordDurationSeconds > 0 ? samplesPerRecord / recordDurationSeconds : Number.NaN,
      sampleCount: 0,
      transducer: text(SIGNAL_FIELDS.transducer),
      prefilter: text(SIGNAL_FIELDS.prefilter),
      isAnnotation,
      isScaled: isScalable(ranges),
    });
  }
  return signals;
}

/** Largest value of the field's eight digits. */
const MAX_SAMPLES_PER_RECORD = 99_999_999;

function parseSamplesPerRecord(file: string, text: string, index: number, count: number): number {
  const samples = parseDecimal(text);
  if (Number.isInteger(samples) && samples >= 0 && samples <= MAX_SAMPLES_PER_RECORD) return samples;
  const byteOffset = signalFieldOffset(SIGNAL_FIELDS.samplesPerRecord, index, count);
  const found = `samples per record of signal ${index} is ${shown(text)}, a whole number expected; samples cannot be located`;
  throw new FormatError(found, { file, byteOffset, field: "bad-samples-per-record" });
}

function parseRange(
  text: string,
  field: Field,
  index: number,
  count: number,
  report: (found: Diagnostic) => void,
): number {
  const offset = signalFieldOffset(field, index, count);
  const value = parseDecimal(text, () =>
    report(diagnostic("comma-decimal", `${field.name} of signal ${index} has a decimal comma: ${shown(text)}`, offset)),
  );
  if (!Number.isFinite(value)) {
    const found = `${field.name} of signal ${index} is ${shown(text)}, a number expected; samples stay digital values`;
    report(diagnostic("range-unreadable", found, offset));
  }
  return value;
}

/** Report issues of each signal's ranges, unit and label, and of the signals together. */
export function checkSignals(signals: readonly EdfSignal[], kind: EdfKind, report: (found: Diagnostic) => void): void {
  const ordinary = signals.filter((signal) => !signal.isAnnotation);
  for (const signal of ordinary) {
    const reportAt = (code: DiagnosticCode, field: Field, message: string) =>
      report(
        diagnostic(
          code,
          `signal ${signal.index} (${JSON.stringify(signal.label)}) ${message}`,
          signalFieldOffset(field, signal.index, signals.length),
        ),
      );
    checkRanges(signal, kind, reportAt);
    if (signal.label === "") reportAt("blank-label", SIGNAL_FIELDS.label, "has no label");
    if (signal.samplesPerRecord === 0) reportAt("empty-signal", SIGNAL_FIELDS.samplesPerRecord, "has no samples");
    if (signal.electrode !== undefined && microvoltFactor(signal.unit) === undefined) {
      const found = `has unit ${isHarmlessUnit(signal.unit) ? JSON.stringify(signal.unit) : shown(signal.unit)}, a voltage expected; its values are treated as microvolts`;
      reportAt("unit-unknown", SIGNAL_FIELDS.unit, found);
    }
  }
  checkAcrossSignals(ordinary, signals.length, report);
}

function checkRanges(
  signal: EdfSignal,
  kind: EdfKind,
  reportAt: (code: DiagnosticCode, field: Field, message: string) => void,
): void {
  const { physicalMin, physicalMax, digitalMin, digitalMax } = signal;
  const limit = bytesPerSample(kind) === 3 ? 8388608 : 32768;
  if (physicalMin === physicalMax) {
    reportAt(
      "flat-physical-range",
      SIGNAL_FIELDS.physicalMin,
      "has physical minimum = maximum; samples stay digital values",
    );
  }
  if (digitalMin === digitalMax) {
    reportAt(
      "flat-digital-range",
      SIGNAL_FIELDS.digitalMin,
      "has digital minimum = maximum; samples stay digital values",
    );
  }
  if (digitalMin > digitalMax) {
    reportAt(
      "inverted-digital-range",
      SIGNAL_FIELDS.digitalMin,
      "has digital minimum above maximum; the scale follows the header",
    );
  }
  if (physicalMin > physicalMax) {
    reportAt("negative-gain", SIGNAL_FIELDS.physicalMin, "has physical minimum above maximum: negative gain");
  }
  if (!(Number.isInteger(digitalMin) && Number.isInteger(digitalMax)) && Number.isFinite(digitalMin + digitalMax)) {
    reportAt(
      "digital-range-fraction",
      SIGNAL_FIELDS.digitalMin,
      "has a digital range that is not in whole numbers; the scale follows the header",
    );
  }
  if (Math.min(digitalMin, digitalMax) < -limit || Math.max(digitalMin, digitalMax) > limit - 1) {
    reportAt(
      "digital-range-too-wide",
      SIGNAL_FIELDS.digitalMin,
      `has a digital range beyond its ${limit === 32768 ? 16 : 24} bits`,
    );
  }
}

function checkAcrossSignals(signals: readonly EdfSignal[], count: number, report: (found: Diagnostic) => void): void {
  const labels = new Map<string, number>();
  const electrodes = new Map<string, EdfSignal>();
  for (const signal of signals) {
    const { label, index, electrode } = signal;
    const offset = signalFieldOffset(SIGNAL_FIELDS.label, index, count);
    const first = label === "" ? undefined : labels.get(label);
    if (first !== undefined) {
      report(
        diagnostic(
          "duplicate-label",
          `signals ${first} and ${index} share the label ${JSON.stringify(label)}; both are kept`,
          offset,
        ),
      );
    }
    if (first === undefined) labels.set(label, index);
    if (electrode === undefined) continue;
    const known = electrodes.get(electrode);
    if (known && first === undefined) {
      report(
        diagnostic(
          "duplicate-electrode",
          `signals ${known.index} and ${index} are both electrode ${electrode}; the first is used`,
          offset,
        ),
      );
    }
    if (!known) electrodes.set(electrode, signal);
  }
  const rates = new Set([...electrodes.values()].map((signal) => signal.samplesPerRecord));
  if (rates.size > 1) {
    const found = `electrodes have ${rates.size} different rates: ${[...rates].join(", ")} samples per record`;
    report(diagnostic("mixed-electrode-rates", found, signalFieldOffset(SIGNAL_FIELDS.samplesPerRecord, 0, count)));
  }
}
