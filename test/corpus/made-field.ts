/** Small corpora in the exact forms of CHB-MIT, Siena, SeizeIT2 and SzCORE's BIDS: folders, names, labels and annotation files. */
import { createRandom } from "../../src/base/random.js";
import { encodeEdf } from "../../src/recording/edf-writer.js";
import { channelOf } from "../../src/signal/montages.js";
import type { Objects } from "../cache/made-corpus.js";

export interface MadeRecording {
  readonly labels: readonly string[];
  readonly seconds: number;
  /** @default 64 */
  readonly sampleRateHz?: number;
  /** Clock time of the header, "hh.mm.ss". @default none */
  readonly start?: string;
  readonly seed?: number;
}

/** Potential of a point of the head in whole microvolts, so that differences are exact; "" is the recorder's reference. */
export function potentialOf(point: string, seed: number, sampleRateHz: number): (i: number) => number {
  const random = createRandom(seed, point);
  const [rate, phase] = [1 + 9 * random.uniform(0), 7 * random.uniform(1)];
  return (i) =>
    Math.round(40 * Math.sin(2 * Math.PI * rate * (i / sampleRateHz) + phase) + 20 * (random.uniform(2 + i) - 0.5));
}

/** The points that a label measures: an electrode against the reference, a pair, or itself. */
function pointsOf(label: string): readonly [string, string] {
  const plain = label.replace(/^EEG /, "").replace(/-(Ref|CS2)$/i, "");
  const { plus, minus = "" } = channelOf(plain);
  return [plus, minus];
}

/** A file in which one microvolt is one digital step. */
export function makeEdf({ labels, seconds, sampleRateHz = 64, start, seed = 1 }: MadeRecording): Uint8Array {
  const signals = labels.map((label) => {
    const [plus, minus] = pointsOf(label).map((point) => potentialOf(point, seed, sampleRateHz));
    const isDummy = label === "-";
    return {
      label,
      ...{ physicalMin: -2048, physicalMax: 2047, digitalMin: -2048, digitalMax: 2047 },
      samplesPerRecord: sampleRateHz,
      samples: Int32Array.from({ length: seconds * sampleRateHz }, (_, i) => (isDummy ? 0 : plus!(i) - minus!(i))),
    };
  });
  const accept = ["duplicate-label" as const];
  return encodeEdf({
    kind: "EDF",
    recordDurationSeconds: 1,
    signals,
    accept,
    ...(start && { startDate: "01.01.16", startTime: start }),
  });
}

/** Signals of most CHB-MIT files, with the pair that occurs twice. */
export const CHB_LABELS: readonly string[] = (
  "FP1-F7 F7-T7 T7-P7 P7-O1 FP1-F3 F3-C3 C3-P3 P3-O1 FP2-F4 F4-C4 C4-P4 P4-O2 FP2-F8 F8-T8 T8-P8 P8-O2 FZ-CZ CZ-PZ " +
  "P7-T7 T7-FT9 FT9-FT10 FT10-T8 T8-P8"
).split(" ");

/** Signals of a later CHB-MIT montage, with dummies between them. */
export const CHB_DUMMIES: readonly string[] =
  "FP1-F7 F7-T7 T7-P7 P7-O1 - FP1-F3 F3-C3 C3-P3 P3-O1 - FP2-F4 F4-C4 C4-P4 P4-O2 - FP2-F8 F8-T8 T8-P8 P8-O2 - FZ-CZ CZ-PZ ECG".split(
    " ",
  );

/** Signals of chb12_27 to chb12_29: electrodes against one reference. */
export const CHB_REFERENTIAL: readonly string[] = "F7 T7 P7 FP1 F3 C3 P3 O1 FZ CZ PZ FP2 F4 C4 P4 O2 F8 T8 P8"
  .split(" ")
  .map((name) => `${name}-CS2`);

/** A block of a summary. */
export function chbBlock(name: string, seizures: readonly (readonly [number, number])[], isNumbered = false): string {
  const times = seizures.flatMap(([start, end], i) => {
    const number = isNumbered ? `${i + 1} ` : "";
    return [`Seizure ${number}Start Time: ${start} seconds`, `Seizure ${number}End Time: ${end} seconds`];
  });
  const clock = ["File Start Time: 11:42:54", "File End Time: 12:42:54"];
  return [`File Name: ${name}`, ...clock, `Number of Seizures in File: ${seizures.length}`, ...times, "", ""].join(
    "\n",
  );
}

const chbHead = (labels: readonly string[]) =>
  `Data Sampling Rate: 256 Hz\n*************************\n\nChannels in EDF Files:\n**********************\n${labels.map((label, i) => `Channel ${i + 1}: ${label}`).join("\n")}\n\n`;

/** A WFDB annotation file of seizures: a note of the resolution, then long times and marks. */
export function wfdbSeizures(seizures: readonly (readonly [number, number])[], perSecond = 256): Uint8Array {
  const bytes: number[] = [];
  const word = (value: number) => bytes.push(value & 0xff, (value >> 8) & 0xff);
  const note = `## time resolution: ${perSecond}`;
  word(22 << 10);
  word((63 << 10) | note.length);
  bytes.push(...new TextEncoder().encode(note), ...(note.length % 2 ? [0] : []));
  for (const value of [59 << 10, 0xffff, 0xffff, 1]) word(value); // the library steps back a tick and on again
  let at = 0;
  for (const [time, type] of seizures.flatMap(([start, end]) => [[start, 32] as const, [end, 33] as const])) {
    const ticks = Math.round(time * perSecond) - at;
    at += ticks;
    word(59 << 10);
    word(ticks >>> 16);
    word(ticks & 0xffff);
    word(type << 10);
  }
  word(0);
  return Uint8Array.from(bytes);
}

/** Five files of three cases of two patients: another montage within a case, a name with a plus, the patient who came twice. */
export function chbCorpus(seconds = 20): Objects {
  const summary = (labels: readonly string[], ...blocks: string[]) => `${chbHead(labels)}${blocks.join("")}`;
  return {
    "chb01/chb01_01.edf": makeEdf({ labels: CHB_LABELS, seconds }),
    "chb01/chb01_03.edf": makeEdf({ labels: CHB_LABELS, seconds, seed: 2 }),
    "chb01/chb01_03.edf.seizures": wfdbSeizures([[6, 11]]),
    "chb01/chb01-summary.txt": summary(CHB_LABELS, chbBlock("chb01_01.edf", []), chbBlock("chb01_03.edf", [[6, 11]])),
    "chb02/chb02_16+.edf": makeEdf({ labels: CHB_DUMMIES, seconds, seed: 3 }),
    "chb02/chb02_27.edf": makeEdf({ labels: CHB_REFERENTIAL, seconds, seed: 4 }),
    "chb02/chb02-summary.txt": summary(
      CHB_LABELS,
      chbBlock(
        "chb02_16+.edf",
        [
          [2, 5],
          [9, 12],
        ],
        true,
      ),
      `Channels changed:\n${CHB_REFERENTIAL.map((label, i) => `Channel ${i + 1}: ${label}`).join("\n")}\n\n`,
      chbBlock("chb02_27.edf", []),
    ),
    "chb21/chb21_01.edf": makeEdf({ labels: CHB_LABELS, seconds, seed: 5 }),
    "chb21/chb21-summary.txt": summary(CHB_LABELS, chbBlock("chb21_01.edf", [])),
  };
}

/** Signals of a Siena recording, in part. */
export const SIENA_LABELS: readonly string[] =
  "Fp1 F3 C3 P3 O1 F7 T5 Fc1 Fc5 Cp1 Cp5 F9 Fz Pz F4 C4 P4 O2 F8 T4 T6 Fc2 Fc6 Cp2 Cp6 F10 Fp2 T3 Cz"
    .split(" ")
    .map((name) => `EEG ${name}`);

/** A block of a list of Siena. */
export function sienaBlock(number: number, lines: readonly string[]): string {
  return `Seizure n ${number} (in sleep):\n${lines.join("\n")}\n\n\n`;
}

/** Two patients: a plain list, and one with the faults of the published ones. */
export function sienaCorpus(): Objects {
  const edf = (start: string, seed: number) =>
    makeEdf({ labels: [...SIENA_LABELS, "EKG EKG"], seconds: 60, seed, start });
  return {
    "PN06/PN06-1.edf": edf("23.59.30", 1),
    "PN06/PN06-2.edf": edf("05.00.00", 2),
    "PN06/Seizures-list-PN06.txt": `PN06 \n\nData Sampling Rate: 512 Hz\n\nChannels in EDF files:\nChannel 1: Fp1\nChannel 5: 1\n\n\n${sienaBlock(
      1,
      [
        "File name: PNO6-1.edf ",
        "Registration start time: 23.59.30",
        "Registration end time: 00.00.30",
        "Seizure start time: 23.59.50 ",
        "Seizure end time:00:00.10",
      ],
    )}${sienaBlock(2, [
      "File name: PN06-2.edf",
      "Registration start time:0 5.00.10",
      "Registration end time: 05.01.00",
      "Start time: 05.00.20 (CLINICAL ONSET); 05.00.25 (ELECTRIC ONSET)",
      "End time: 05.00.40 opure 05.00.30",
    ])}`,
    "subject_info.csv":
      "patient_id, age_years, gender, seizure, localization, lateralization, eeg_channel, number_seizures, rec_time_minutes\n" +
      "PN06,25,Male,IAS,T,L,29,5,722\nPN11,58,Female,OTHER,T,R,29,1,145\n",
    "PN11/PN11-1.edf": edf("00.00.00", 3),
    "PN11/Seizures-list-PN11.txt": sienaBlock(1, [
      "File name: PN11-.edf",
      "Registration start time: 10.00.00",
      "Seizure start time: 10.00.05",
      "Seizure end time: 10.00.15",
    ]),
  };
}

/** Two patients of SeizeIT1: seizures of each type, one without an end, none; and the lists of what is seen behind the ear. */
export function seizeIt1Corpus(): Objects {
  const head = "# Dataset: SeizeIT1\n# Annotator: neurologist\n# Recording: EEG\n# Gender: Male\n# Age: 34\n";
  const rows = (...lines: readonly (readonly (string | number)[])[]) =>
    `${head}${lines.map((cells) => `${cells.join("\t")}\n`).join("")}`;
  const edf = (seed: number) => makeEdf({ labels: [...SIENA_LABELS, "OorTopAchter"], seconds: 40, seed });
  const place = "lat:L, loc:fronto-temp";
  return {
    "P_ID10/P_ID10_r1.edf": edf(1),
    "P_ID10/P_ID10_r1_a1.tsv": rows([5, 12, "FIA", place], [20, 26, "F-BTC", "lat:bi, loc:NC"]),
    "P_ID10/P_ID10_r1_a2.tsv": rows([5, 12, "FIA", place]),
    "P_ID10/P_ID10_r2.edf": edf(2),
    "P_ID10/P_ID10_r2_a1.tsv": head,
    "P_ID11/P_ID11_r1.edf": edf(3),
    "P_ID11/P_ID11_r1_a1.tsv": rows([9, 14, "FA", place], [30, "", "FIA", place]),
    "P_ID11/P_ID11_r2.edf": edf(4),
    "P_ID11/P_ID11_r2_a1.tsv": rows([9, 14, "Psych", place]),
    "P_ID11/P_ID11_r3.edf": edf(5),
  };
}

const EVENTS =
  "onset\tduration\teventType\tlateralization\tlocalization\tvigilance\tconfidence\tchannels\tdateTime\trecordingDuration";

/** A recording of SeizeIT2: two wearable EEG channels, with ECG, EMG and movement in folders of their own. */
export function seizeit2Corpus(): Objects {
  const name = "sub-001_ses-01_task-szMonitoring_run-01";
  const at = (modality: string) => `sub-001/ses-01/${modality}/${name}_${modality}.edf`;
  const row = (onset: number, duration: number, type: string) =>
    [onset, duration, type, "left", "temp", "awake", "n/a", "n/a", "2020-01-01 00:00:00", 40].join("\t");
  return {
    [at("eeg")]: makeEdf({ labels: ["BTEleft SD", "CROSStop SD"], seconds: 40 }),
    [at("ecg")]: makeEdf({ labels: ["ECG SD"], seconds: 40 }),
    [at("emg")]: makeEdf({ labels: ["EMG SD"], seconds: 40 }),
    [at("mov")]: makeEdf({ labels: ["EEG SD ACC X"], seconds: 40 }),
    [`sub-001/ses-01/eeg/${name}_events.tsv`]: `${[EVENTS, row(0, 5, "impd"), row(10, 12, "sz_foc_ia")].join("\n")}\n`,
  };
}

/** SzCORE's BIDS: the double banana or 19 electrodes against the average, events in its own columns. */
export function szcoreCorpus(labels: readonly string[], subjects = ["01", "02", "03"]): Objects {
  const columns = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration";
  return Object.fromEntries(
    subjects.flatMap((subject, seed) => {
      const stem = `sub-${subject}/ses-01/eeg/sub-${subject}_ses-01_task-szMonitoring_run-00`;
      const row = ["8", "6", "sz", "n/a", "n/a", "2001-01-01 00:00:00", "30"].join("\t");
      return [
        [`${stem}_eeg.edf`, makeEdf({ labels, seconds: 30, seed })] as const,
        [`${stem}_events.tsv`, `${columns}\n${row}\n`] as const,
      ];
    }),
  );
}
