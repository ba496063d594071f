/**
 * Allow-list of header field and annotation texts that identify no person. A text that is not listed here is treated as one
 * that could.
 */
import { microvoltFactor } from "./edf-scaling.js";
import { electrodeOf } from "./electrodes.js";
import { ANNOTATION_LABELS, labelOfHedScore } from "./labels.js";
import { isAnnotationLabel } from "./tal.js";

const words = (text: string) => new Set(text.split(/\s+/));

const TRANSDUCER_WORDS = words(
  `ag agcl agagcl ag/agcl ag-agcl ac active and belt button cap chloride cup dc disc disk dry ecg eeg effort ekg electrode
  electrodes emg eog flow gel generated gold headbox marker na needle nasal none of oral oral-nasal passive piezo pin
  reference rectal respiration saline scalp sensor silver software spo2 hr mk sponge status steel surface synthetic
  thermistor thermistors thermocouple tin transducer triggers type unknown wet`,
);

const LABEL_WORDS = words(
  `abdomen aux av avg bip blk boolean bpm brst bursts car chin cor diff dc dig dtrig ecg eeg effort ekg emg eog erg event
  flow foto gnd ground heog hr hz ibi ieeg lat le leg left light loc marker mean meg mkr nasal oral osat photic plet
  pleth pr pulse pvf ref resp rest rhinogram right rllat roc sao2 scale seeg snore sound sp spo2 stat status suppr
  temp thor thorax trig trigger tib veog video v vs x aux i ii iii`,
);

const FILTER_KEY = "HP|LP|N|NOTCH|NF|BP|BS|BR|HFF|LFF|HF|LF|TC";
const FILTER_VALUE = "-?\\d{1,6}(?:[.,]\\d{1,8})?(?:\\s*(?:k?Hz|m?s|sec|seconds?|dB))?|DC|OFF|ON|NONE|n/a";
const FILTER_WORDS =
  "no|none|unknown|DC|AC|filters?|filtering|filtered|raw|rectification|enhanced|cassette|BW|butterworth|FIR|IIR|order|hold during \\d{1,2} seconds?";
const PREFILTER = new RegExp(
  `^(?:(?:${FILTER_KEY})\\s*[:=]?\\s*(?:${FILTER_VALUE})(?![a-z\\d])|(?:${FILTER_WORDS})(?![a-z\\d])|[\\s;,/()\\[\\]-])*$`,
  "i",
);

const UNITS = words(
  `uvrms a au a.u. bpm bool boolean brst/min c cmh2o deg degc degf db g hz k kohm l/min lpm m m/s2 ma mmhg ms n/a na nodim
  none ohm pa ppm s sec ua unit units v/s`,
);

/** Texts of the EDF+ standard list, and those that recorders and Ictal write. */
const ANNOTATIONS = words("x n/a start stop end begin trigger stimulus event artefact artifact seizure spike");
const ANNOTATION_SENTENCES =
  /^(?:lights? (?:on|off)|recording (?:starts?|ends?|started|ended|paused|resumed)|sleep stage (?:[wmr?1-4]|n[1-3])|(?:obstructive |central |mixed )?apnea|hypopnea|limb movement|eyes (?:open|closed)|(?:photic|hv|hyperventilation)(?: (?:start|stop|end))?|photic \d{1,2} ?hz|impedance (?:check|measurement)|calibration|seizure (?:start|stop|end|onset|offset)|segment: rec start|trigger#?\d{0,4}|\d{1,3}|T[0-2])$/i;

/** True for a reserved field that holds nothing but the kind of file. */
export function isHarmlessReserved(text: string): boolean {
  return ["", "EDF", "24BIT", "EDF+C", "EDF+D", "BDF+C", "BDF+D"].includes(text);
}

/** True for "AgAgCl electrode" and similar: known terms and numbers of up to two digits. */
export function isHarmlessTransducer(text: string): boolean {
  if (/\d\s*[-/.,]\s*\d/.test(text)) return false; // a date, or a number of many digits
  return text
    .split(/[\s,;:()[\]?]+/)
    .filter((word) => word !== "")
    .every((word) => isKnownWord(word, TRANSDUCER_WORDS));
}

function isKnownWord(word: string, known: ReadonlySet<string>): boolean {
  if (/^\d{1,2}$/.test(word)) return true;
  const parts = word.split("-");
  return (
    known.has(word.toLowerCase()) || parts.every((part) => electrodeOf(part) !== undefined) || /^[A-D]$/.test(word)
  );
}

/** True for filter settings such as "HP:0.1Hz LP:75Hz N:50Hz", "No filtering" or "DC". */
export function isHarmlessPrefilter(text: string): boolean {
  return PREFILTER.test(text);
}

/** True for a unit of measure. */
export function isHarmlessUnit(text: string): boolean {
  return text === "" || text === "%" || microvoltFactor(text) !== undefined || UNITS.has(text.toLowerCase());
}

/** True for a label that names electrodes or a known type of signal. */
export function isKnownLabel(label: string): boolean {
  if (isAnnotationLabel(label) || electrodeOf(label) !== undefined) return true;
  return label.split(/[^A-Za-z0-9]+/).every((word) => {
    const stem = word.replace(/\d{1,3}$/, "").toLowerCase();
    return (
      stem === "" || electrodeOf(word) !== undefined || LABEL_WORDS.has(stem) || LABEL_WORDS.has(word.toLowerCase())
    );
  });
}

/** True for the part of a signal's reserved field that is known. */
export function isHarmlessSignalReserved(text: string): boolean {
  return ["", "Reserved", "MON", "BIP", "TRI"].includes(text);
}

/** True for labels of seizures and artefacts, HED-SCORE types and the standard texts of EDF+. */
export function isHarmlessAnnotation(text: string): boolean {
  const plain = text.trim();
  if (plain === "" || ANNOTATIONS.has(plain.toLowerCase()) || ANNOTATION_SENTENCES.test(plain)) return true;
  return ANNOTATION_LABELS.some(({ label }) => label === plain) || isHedScore(plain);
}

function isHedScore(text: string): boolean {
  const known = ANNOTATION_LABELS.flatMap(({ hedScore }) => hedScore ?? []);
  return labelOfHedScore(text) !== undefined && known.some((type) => type.toLowerCase() === text.toLowerCase());
}
