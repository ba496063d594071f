import {
  type Field,
  formatNumber,
  MAIN_FIELDS,
  parseDecimal,
  readField,
  SIGNAL_FIELDS,
  signalFieldOffset,
  writeField,
} from "./edf-fields.js";
import {
  isHarmlessPrefilter,
  isHarmlessReserved,
  isHarmlessSignalReserved,
  isHarmlessTransducer,
  isHarmlessUnit,
  isKnownLabel,
} from "./edf-harmless.js";
import type { EdfHeader } from "./edf-header.js";
import { WITHHELD_DATE } from "./edf-start.js";

/** A field that was blanked: its name, offset and new value. */
export interface BlankedField {
  readonly field: string;
  readonly byteOffset: number;
  readonly value: string;
  /** Index of the signal, for fields of a signal. */
  readonly signal?: number;
}

interface Blanked {
  readonly changed: BlankedField[];
  readonly kept: string[];
}

/** True for the text of a number, or no text: numbers are measured values. */
const isNumber = (text: string) => text === "" || Number.isFinite(parseDecimal(text));

/** What happens to labels of unknown type: "blank" writes "signal 7" for the seventh, "keep" keeps and reports them. */
export type LabelRule = "keep" | "blank";

/** Which texts of a signal's fields are kept; all others become blank. */
const SIGNAL_RULES: readonly { field: Field; isHarmless: (text: string) => boolean; why: string }[] = [
  { field: SIGNAL_FIELDS.transducer, isHarmless: isHarmlessTransducer, why: "known terms" },
  { field: SIGNAL_FIELDS.unit, isHarmless: isHarmlessUnit, why: "units of measure" },
  { field: SIGNAL_FIELDS.physicalMin, isHarmless: isNumber, why: "" },
  { field: SIGNAL_FIELDS.physicalMax, isHarmless: isNumber, why: "" },
  { field: SIGNAL_FIELDS.digitalMin, isHarmless: isNumber, why: "" },
  { field: SIGNAL_FIELDS.digitalMax, isHarmless: isNumber, why: "" },
  { field: SIGNAL_FIELDS.prefilter, isHarmless: isHarmlessPrefilter, why: "filter settings" },
  { field: SIGNAL_FIELDS.signalReserved, isHarmless: isHarmlessSignalReserved, why: "known terms" },
];

/** Blank in place what could identify a person; what is kept is reported with the reason. */
export function blankHeader(bytes: Uint8Array, header: EdfHeader, labels: LabelRule): Blanked {
  const changed: BlankedField[] = [];
  const kept: string[] = [];
  blankMain(bytes, header, changed, kept);
  blankSignals(bytes, header, changed, kept);
  if (labels === "blank") blankLabels(bytes, header, changed);
  keepLabels(header, labels, kept);
  return { changed, kept };
}

function blankMain(bytes: Uint8Array, header: EdfHeader, changed: BlankedField[], kept: string[]): void {
  const text = (field: Field) => readField(bytes, field.offset, field.width);
  const reserved = text(MAIN_FIELDS.reserved);
  const isPlus = /^[EB]DF\+/.test(reserved);
  const hasParts = text(MAIN_FIELDS.patient).split(" ").length >= 4;
  const hasStart = text(MAIN_FIELDS.recording).startsWith("Startdate ");
  const time = text(MAIN_FIELDS.startTime);
  const number = (field: Field, value: number) => (isNumber(text(field)) ? text(field) : formatNumber(value));
  const wanted: [Field, string][] = [
    [MAIN_FIELDS.patient, isPlus || hasParts ? "X X X X" : ""],
    [MAIN_FIELDS.recording, isPlus || hasStart ? "Startdate X X X X" : ""],
    [MAIN_FIELDS.startDate, WITHHELD_DATE],
    [MAIN_FIELDS.startTime, /^\d\d[.:]\d\d[.:]\d\d$/.test(time) ? time : "00.00.00"],
    [MAIN_FIELDS.headerBytes, number(MAIN_FIELDS.headerBytes, header.headerBytes)],
    [MAIN_FIELDS.reserved, isHarmlessReserved(reserved) ? reserved : (/^[EB]DF\+[CD]/.exec(reserved)?.[0] ?? "")],
    [MAIN_FIELDS.recordCount, number(MAIN_FIELDS.recordCount, header.recordsFound)],
    [MAIN_FIELDS.recordDuration, isNumber(text(MAIN_FIELDS.recordDuration)) ? text(MAIN_FIELDS.recordDuration) : ""],
  ];
  for (const [field, value] of wanted) replace(bytes, field.offset, field, value, changed);
  kept.push("the time of day of the start, without its date");
  const kind = readField(bytes, MAIN_FIELDS.reserved.offset, MAIN_FIELDS.reserved.width);
  if (kind !== "") kept.push(`reserved: the kind of file, ${JSON.stringify(kind)}`);
}

function blankSignals(bytes: Uint8Array, header: EdfHeader, changed: BlankedField[], kept: string[]): void {
  const count = header.signals.length;
  for (const { field, isHarmless, why } of SIGNAL_RULES) {
    const texts = new Set<string>();
    for (const { index } of header.signals) {
      const offset = signalFieldOffset(field, index, count);
      const text = readField(bytes, offset, field.width);
      if (!isHarmless(text)) replace(bytes, offset, field, "", changed, index);
      else if (text !== "") texts.add(text);
    }
    if (why !== "" && texts.size > 0) kept.push(`${field.name}: ${why}, ${listed([...texts])}`);
  }
}

/** A number instead of a blank: names of signals are to differ. */
function blankLabels(bytes: Uint8Array, { signals }: EdfHeader, changed: BlankedField[]): void {
  const field = SIGNAL_FIELDS.label;
  for (const { index, label } of signals) {
    if (label === "" || isKnownLabel(label)) continue;
    const offset = signalFieldOffset(field, index, signals.length);
    replace(bytes, offset, field, `signal ${index + 1}`, changed, index);
  }
}

function keepLabels({ signals }: EdfHeader, rule: LabelRule, kept: string[]): void {
  const labels = [...new Set(signals.map(({ label }) => label))].filter((label) => label !== "");
  const unknown = labels.filter((label) => !isKnownLabel(label));
  const known = labels.length - unknown.length;
  if (known > 0) kept.push(`label: ${known} that name electrodes or known types of signal`);
  if (rule === "keep" && unknown.length > 0)
    kept.push(`label: ${listed(unknown)}, of unknown type; check that they name no person`);
}

/** Texts in quotes, the first twelve of them. */
function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, 12).map((text) => JSON.stringify(text));
  return shown.join(", ") + (texts.length > shown.length ? ` and ${texts.length - shown.length} more` : "");
}

/** Write `value` unless the field already holds it, padded: text after a NUL is removed too. */
function replace(
  bytes: Uint8Array,
  offset: number,
  field: Field,
  value: string,
  changed: BlankedField[],
  signal?: number,
): void {
  if (readField(bytes, offset, field.width) === value) return;
  writeField(bytes, offset, field, value);
  changed.push({ field: field.name, byteOffset: offset, value, ...(signal === undefined ? {} : { signal }) });
}
