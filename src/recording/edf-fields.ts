/**
 * The fixed-width text fields of an EDF or BDF header. Specification: Kemp et al. 1992 (EDF), Kemp and Olivan 2003
 * (EDF+), BioSemi (BDF). Fields have fixed offsets; nothing is split on blanks.
 */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly width: number;
}

/** Bytes of the fixed part, and of the part each signal adds. */
export const HEADER_BLOCK_BYTES = 256;

function layout<Name extends string>(widths: Record<Name, number>): Record<Name, Field> {
  let offset = 0;
  const fields = {} as Record<Name, Field>; // every key is filled by the loop below
  for (const name of Object.keys(widths) as Name[]) {
    fields[name] = { name, offset, width: widths[name] };
    offset += widths[name];
  }
  return fields;
}

/** Fields of the first 256 bytes; `offset` counts from the start of the file. */
export const MAIN_FIELDS = layout({
  version: 8,
  patient: 80,
  recording: 80,
  startDate: 8,
  startTime: 8,
  headerBytes: 8,
  reserved: 44,
  recordCount: 8,
  recordDuration: 8,
  signalCount: 4,
});

/** Fields of the signal part; `offset` is the offset within one signal's 256 bytes if they were stored together. */
export const SIGNAL_FIELDS = layout({
  label: 16,
  transducer: 80,
  unit: 8,
  physicalMin: 8,
  physicalMax: 8,
  digitalMin: 8,
  digitalMax: 8,
  prefilter: 80,
  samplesPerRecord: 8,
  signalReserved: 32,
});

/** Byte offset of a signal's field in the file: fields are stored for all signals in turn, field by field. */
export function signalFieldOffset(field: Field, signal: number, signalCount: number): number {
  return HEADER_BLOCK_BYTES + field.offset * signalCount + field.width * signal;
}

/** Text of a field: Latin-1, without the blanks and NULs around it. */
export function readField(bytes: Uint8Array, offset: number, width: number): string {
  let text = "";
  for (let i = offset; i < offset + width; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text.replace(/^[\0\s]+|[\0\s]+$/g, "");
}

/** Write `text` as Latin-1, padded with blanks. RangeError when it does not fit or is not Latin-1. */
export function writeField(bytes: Uint8Array, offset: number, field: Field, text: string): void {
  if (text.length > field.width) {
    throw new RangeError(
      `invalid ${field.name}: "${text}" has ${text.length} characters, the field holds ${field.width}`,
    );
  }
  bytes.fill(0x20, offset, offset + field.width);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError(`invalid ${field.name}: "${text}" holds a character outside Latin-1`);
    bytes[offset + i] = code;
  }
}

/** Decimal text of `value` that fits `width` characters, no exponent, as many digits as fit. RangeError when none does. */
export function formatNumber(value: number, width = 8): string {
  if (!Number.isFinite(value)) throw new RangeError(`invalid number for a header field: ${value}`);
  const plain = String(value);
  if (plain.length <= width && !plain.includes("e")) return plain;
  for (let decimals = width - 1; decimals >= 0; decimals--) {
    const text = value.toFixed(decimals);
    if (text.length <= width && !text.includes("e")) return text;
  }
  throw new RangeError(`invalid number for a header field: ${value} does not fit ${width} characters`);
}

/** A field's text for a message, when it consists of digits and signs; else only its length, since it could identify a person. */
export function shown(text: string): string {
  return /^[-+.,\de ]*$/i.test(text) ? JSON.stringify(text) : `text of ${text.length} characters`;
}

/** Number of a field's text; a decimal comma counts as a point and calls `onComma`. NaN when it is no plain, finite number. */
export function parseDecimal(text: string, onComma?: () => void): number {
  if (/^[+-]?\d+,\d+$/.test(text)) {
    onComma?.();
    return Number(text.replace(",", "."));
  }
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}
