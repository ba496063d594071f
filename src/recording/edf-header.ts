import { FormatError } from "@ictal/base/errors";
import type { ByteSource } from "./byte-source.js";
import { type Diagnostic, type DiagnosticCode, diagnostic } from "./diagnostics.js";
import { HEADER_BLOCK_BYTES, MAIN_FIELDS, parseDecimal, readField, shown } from "./edf-fields.js";
import { checkSignals, type EdfSignal, parseSignals } from "./edf-signals.js";
import { bytesPerSample, type EdfKind } from "./edf-spec.js";
import { parseStart } from "./edf-start.js";

/** Header of an EDF, EDF+, BDF or BDF+ file, with errors corrected and listed as diagnostics. */
export interface EdfHeader {
  readonly kind: EdfKind;
  /** 256 x (signals + 1), whatever the header's own field says. */
  readonly headerBytes: number;
  readonly recordBytes: number;
  /** Count in the header; -1 when it is unknown or unreadable. */
  readonly recordsInHeader: number;
  /** Complete records that the file holds: the count that is used. */
  readonly recordsFound: number;
  /** 0 for annotation-only files; NaN when unreadable. */
  readonly recordDurationSeconds: number;
  /** `recordsFound` x duration: time with samples, without gaps. NaN when unreadable. */
  readonly durationSeconds: number;
  /** True when the patient field is not blank. Its text is never kept. */
  readonly patientFieldPresent: boolean;
  /** Local start `YYYY-MM-DDTHH:MM:SS`, when the file gives a valid one. */
  readonly startDateTime?: string;
  readonly signals: readonly EdfSignal[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Smallest positive value that eight characters can hold; less can only be a damaged field. */
const MIN_RECORD_SECONDS = 1e-6;

/** Largest value of the field's four digits; an exponent could exceed the memory. */
const MAX_SIGNALS = 9999;

/** Enough for 63 signals, so that nearly every header costs one request. */
const FIRST_READ_BYTES = 16 * 1024;

/**
 * Read the header: one range of 16 KiB, a second one for more than 63 signals. FormatError when the bytes cannot be interpreted
 * (empty, not EDF, truncated inside the header, signal count or samples per record unreadable); all else is a diagnostic.
 */
export async function readEdfHeader(
  source: ByteSource,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<EdfHeader> {
  return parseEdfHeader(source.name, await readHeaderBytes(source, options), source.byteLength);
}

/** The header's bytes, after the checks that determine their number. */
export async function readHeaderBytes(
  source: ByteSource,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const first = await source.read(0, Math.min(FIRST_READ_BYTES, source.byteLength));
  const headerBytes = HEADER_BLOCK_BYTES * (1 + checkedSignalCount(source.name, first));
  if (headerBytes > source.byteLength) {
    const found = `the file ends inside the header: ${source.byteLength} bytes found, ${headerBytes} expected; download the file again`;
    throw fatal(source.name, "header-cut", found, source.byteLength);
  }
  if (headerBytes <= first.length) return first.subarray(0, headerBytes);
  signal?.throwIfAborted();
  const rest = await source.read(first.length, headerBytes);
  const bytes = new Uint8Array(headerBytes);
  bytes.set(first);
  bytes.set(rest, first.length);
  return bytes;
}

/** Parse header bytes (`readHeaderBytes`) of a file of `fileBytes` bytes. Errors as `readEdfHeader`. */
export function parseEdfHeader(name: string, bytes: Uint8Array, fileBytes: number): EdfHeader {
  const signalCount = checkedSignalCount(name, bytes);
  const diagnostics: Diagnostic[] = [];
  const report = (found: Diagnostic) => diagnostics.push(found);
  const text = (field: { offset: number; width: number }) => readField(bytes, field.offset, field.width);
  const headerBytes = HEADER_BLOCK_BYTES * (signalCount + 1);
  checkText(bytes, report);
  checkHeaderBytes(text(MAIN_FIELDS.headerBytes), headerBytes, report);
  const recordDurationSeconds = parseDuration(text(MAIN_FIELDS.recordDuration), report);
  const signals = parseSignals(name, bytes, signalCount, recordDurationSeconds, report);
  const kind = kindOf(bytes[0] === 0xff, text(MAIN_FIELDS.reserved), signals, report);
  const recordBytes = bytesPerSample(kind) * signals.reduce((sum, signal) => sum + signal.samplesPerRecord, 0);
  const dataBytes = Math.max(0, fileBytes - headerBytes);
  const recordsFound = recordBytes > 0 ? Math.floor(dataBytes / recordBytes) : 0;
  const recordsInHeader = parseRecordCount(text(MAIN_FIELDS.recordCount), report);
  checkRecords(recordsInHeader, recordsFound, dataBytes - recordsFound * recordBytes, headerBytes, recordBytes, report);
  if (recordDurationSeconds === 0 && signals.some((signal) => !signal.isAnnotation)) {
    const found = "the record duration is 0, legal only for annotation-only files; sample rates are unknown";
    report(diagnostic("zero-duration", found, MAIN_FIELDS.recordDuration.offset));
  }
  const counted = signals.map((signal) => ({ ...signal, sampleCount: recordsFound * signal.samplesPerRecord }));
  checkSignals(counted, kind, report);
  const startDateTime = parseStart(
    text(MAIN_FIELDS.startDate),
    text(MAIN_FIELDS.startTime),
    text(MAIN_FIELDS.recording),
    report,
  );
  return {
    kind,
    headerBytes,
    recordBytes,
    recordsInHeader,
    recordsFound,
    recordDurationSeconds,
    durationSeconds: recordsFound * recordDurationSeconds,
    patientFieldPresent: text(MAIN_FIELDS.patient) !== "",
    ...(startDateTime === undefined ? {} : { startDateTime }),
    signals: counted,
    diagnostics,
  };
}

function fatal(file: string, code: DiagnosticCode, message: string, byteOffset: number): FormatError {
  return new FormatError(message, { file, byteOffset, field: code });
}

/** Signal count, after the checks without which nothing can be read. */
function checkedSignalCount(name: string, bytes: Uint8Array): number {
  if (bytes.length === 0)
    throw fatal(name, "empty-file", "the file is empty, expected an EDF or BDF header; download it again", 0);
  const version = readField(bytes, 0, MAIN_FIELDS.version.width);
  if (version !== "0" && version !== "\xffBIOSEMI") {
    throw fatal(
      name,
      "not-edf",
      'not an EDF or BDF file: expected "0" or 0xFF "BIOSEMI" at the start; check the path',
      0,
    );
  }
  if (bytes.length < HEADER_BLOCK_BYTES) {
    const found = `the file is too small: ${bytes.length} bytes found, at least ${HEADER_BLOCK_BYTES} expected; download it again`;
    throw fatal(name, "too-small", found, bytes.length);
  }
  const { offset, width } = MAIN_FIELDS.signalCount;
  const count = parseDecimal(readField(bytes, offset, width));
  if (Number.isInteger(count) && count >= 1 && count <= MAX_SIGNALS) return count;
  const found = `signal count ${shown(readField(bytes, offset, width))} found, a whole number from 1 expected; the header cannot be read`;
  throw fatal(name, "bad-signal-count", found, offset);
}

function checkText(bytes: Uint8Array, report: (found: Diagnostic) => void): void {
  const start = bytes[0] === 0xff ? 1 : 0;
  const nonAscii = bytes.findIndex((byte, i) => i >= start && (byte > 126 || (byte < 32 && byte !== 0)));
  if (nonAscii >= 0) {
    report(
      diagnostic(
        "non-ascii",
        "the header holds characters outside printable ASCII; they are read as Latin-1",
        nonAscii,
      ),
    );
  }
  const nul = bytes.indexOf(0);
  if (nul >= 0) report(diagnostic("header-nul-padding", "header fields are padded with NUL, expected blanks", nul));
}

function checkHeaderBytes(text: string, headerBytes: number, report: (found: Diagnostic) => void): void {
  if (parseDecimal(text) === headerBytes) return;
  const found = `the header says it has ${shown(text)} bytes, its signal count gives ${headerBytes}; ${headerBytes} is used`;
  report(diagnostic("header-size-mismatch", found, MAIN_FIELDS.headerBytes.offset));
}

function parseDuration(text: string, report: (found: Diagnostic) => void): number {
  const offset = MAIN_FIELDS.recordDuration.offset;
  const seconds = parseDecimal(text, () =>
    report(diagnostic("comma-decimal", "the record duration has a decimal comma", offset)),
  );
  if (seconds === 0 || seconds >= MIN_RECORD_SECONDS) return seconds;
  const found = `record duration ${shown(text)} found, seconds expected; sample rates are unknown`;
  report(diagnostic("record-duration-invalid", found, offset));
  return Number.NaN;
}

function parseRecordCount(text: string, report: (found: Diagnostic) => void): number {
  const count = parseDecimal(text);
  if (Number.isInteger(count) && count >= 0) return count;
  const offset = MAIN_FIELDS.recordCount.offset;
  if (count === -1)
    report(
      diagnostic(
        "record-count-unknown",
        "the record count in the header is unknown (-1); it is derived from the file size",
        offset,
      ),
    );
  else
    report(
      diagnostic(
        "record-count-invalid",
        `record count ${shown(text)} found, a whole number expected; it is derived from the file size`,
        offset,
      ),
    );
  return -1;
}

function checkRecords(
  claimed: number,
  found: number,
  surplusBytes: number,
  headerBytes: number,
  recordBytes: number,
  report: (found: Diagnostic) => void,
): void {
  const end = headerBytes + found * recordBytes;
  const offset = MAIN_FIELDS.recordCount.offset;
  if (claimed > found) {
    report(
      diagnostic(
        "truncated",
        `the header announces ${claimed} records, the file holds ${found} complete ones; download it again or use those`,
        offset,
      ),
    );
  }
  if (claimed >= 0 && claimed < found) {
    report(
      diagnostic(
        "record-count-surplus",
        `the header announces ${claimed} records, the file holds ${found}; all ${found} are read`,
        offset,
      ),
    );
  }
  if (surplusBytes > 0 && claimed === found) {
    report(diagnostic("trailing-bytes", `${surplusBytes} bytes follow the last record; they are ignored`, end));
  } else if (surplusBytes > 0) {
    report(
      diagnostic(
        "partial-last-record",
        `the last record has ${surplusBytes} of ${recordBytes} bytes; it is ignored`,
        end,
      ),
    );
  }
  if (found === 0) report(diagnostic("no-records", "the file holds no data record", headerBytes));
}

function kindOf(
  isBdf: boolean,
  reserved: string,
  signals: readonly EdfSignal[],
  report: (found: Diagnostic) => void,
): EdfKind {
  const container = isBdf ? "BDF" : "EDF";
  const offset = MAIN_FIELDS.reserved.offset;
  const hasAnnotations = signals.some((signal) => signal.isAnnotation);
  const match = /^([EB]DF)\+([CD])/.exec(reserved);
  if (!match) {
    if (!["", "EDF", "24BIT"].includes(reserved)) {
      report(
        diagnostic(
          "reserved-unknown",
          `the reserved field holds ${reserved.length} characters that are not a known kind; read as plain ${container}`,
          offset,
        ),
      );
    }
    if (hasAnnotations) {
      report(
        diagnostic(
          "annotations-without-plus",
          `an annotation signal in a file that is not marked ${container}+; it is read`,
          offset,
        ),
      );
    }
    return container;
  }
  if (match[1] !== container) {
    report(diagnostic("container-mismatch", `a ${container} file marked ${match[0]}; read as ${container}`, offset));
  }
  if (!hasAnnotations) {
    report(
      diagnostic(
        "plus-without-annotations",
        `marked ${match[0]} but without an annotation signal; read as plain ${container}`,
        offset,
      ),
    );
    return container;
  }
  return `${container}+${match[2] as "C" | "D"}`;
}
