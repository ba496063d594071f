import { limitRecordings } from "../limit.js";
import type { SeizureType } from "./seizure-profiles.js";

/** Traits of real files that a synthetic recording imitates. */
export type RecordingTrait =
  | "no-midline"
  | "offset"
  | "colon-date"
  | "no-annotations"
  | "distractor"
  | "background-rows";

/** One recording of the synthetic corpus before a single sample exists. */
export interface SyntheticRecording<Type extends string = SeizureType> {
  /** `split/patient/session/montage/token`. */
  readonly id: string;
  readonly split: string;
  readonly patient: string;
  readonly session: string;
  readonly montage: string;
  readonly token: string;
  readonly sampleRateHz: number;
  readonly durationSeconds: number;
  /** Electrode near the place where the patient's focal seizures and sharp waves start. */
  readonly focus: string;
  readonly seizures: readonly Type[];
  readonly traits: readonly RecordingTrait[];
}

/**
 * The corpus as a table: id, rate, seconds, seizure types, traits. Sessions carry a year or a full date, one
 * session holds the same stem under two montages, one recording is shorter than a minute, one has the date `01:01:85`,
 * one has no annotation files.
 */
const TABLE = `
train/aaaaaaac/s001_2002/02_tcp_le/t000       250  240  cpsz                      distractor
train/aaaaaaac/s001_2002/02_tcp_le/t001       250  180  -                         -
train/aaaaaaac/s002_2003/02_tcp_le/t000       250  300  cpsz,cpsz                 offset
train/aaaaaabd/s001_2005/01_tcp_ar/t000       250  200  fnsz                      offset,distractor
train/aaaaaabd/s003_2006/01_tcp_ar/t000       250  150  fnsz                      -
train/aaaaaabd/s003_2006/03_tcp_ar_a/t000     250  160  -                         background-rows
train/aaaaaaef/s001_2010/01_tcp_ar/t000       256  600  absz,absz,gnsz,absz,absz  -
train/aaaaaaef/s001_2010/01_tcp_ar/t001       256  130  -                         -
train/aaaaaagk/s001_2012/03_tcp_ar_a/t000     256  240  gnsz,gnsz                 no-midline,background-rows
train/aaaaaagk/s002_2012_08_24/03_tcp_ar_a/t003  256  200  gnsz                   no-midline
train/aaaaaajm/s004_2011/01_tcp_ar/t000       400  180  tcsz                      -
train/aaaaaajm/s004_2011/01_tcp_ar/t001       400  150  fnsz                      offset
train/aaaaaakp/s001_2013/01_tcp_ar/t000       250  260  fnsz,fnsz                 no-midline
train/aaaaaakp/s001_2013/01_tcp_ar/t002       250  45   -                         -
train/aaaaaalr/s002_2009/01_tcp_ar/t000       256  300  mysz,mysz,tcsz,mysz       distractor
train/aaaaaamt/s001_2014/01_tcp_ar/t000       250  180  cpsz                       offset
train/aaaaaamt/s001_2014/01_tcp_ar/t001       250  140  -                         no-annotations
dev/aaaaabbn/s001_2011/01_tcp_ar/t000         250  240  fnsz,fnsz                 distractor
dev/aaaaabbn/s002_2011/01_tcp_ar/t000         250  180  -                         offset
dev/aaaaabcv/s001_2007/02_tcp_le/t000         250  200  cpsz                      -
dev/aaaaabcv/s001_2007/02_tcp_le/t001         250  150  -                         background-rows
dev/aaaaabdx/s003_2015_08_24/03_tcp_ar_a/t000 256  240  absz,gnsz,absz            no-midline
dev/aaaaabez/s001_2013/01_tcp_ar/t000         400  180  mysz,tcsz                 -
dev/aaaaabez/s001_2013/01_tcp_ar/t001         400  120  -                         -
eval/aaaaacaw/s007_2014/01_tcp_ar/t000        250  240  fnsz                      colon-date
eval/aaaaacaw/s008_2014/01_tcp_ar/t000        250  150  -                         -
eval/aaaaacgs/s001_2008/02_tcp_le/t000        250  220  cpsz                      offset
eval/aaaaacgs/s001_2008/02_tcp_le/t001        250  160  -                         -
eval/aaaaachw/s002_2013/03_tcp_ar_a/t000      256  300  gnsz,tcsz                 -
eval/aaaaachw/s002_2013/03_tcp_ar_a/t001      256  130  absz,absz                 no-midline
`;

/**
 * Seizure-free recordings of half an hour beside those of the table, for a corpus in which seizures are as rare as they
 * are in life; four of the eight patients in train have one, as patients differ in how long they were recorded.
 */
const BACKGROUND_TABLE = `
train/aaaaaaac/s003_2004/02_tcp_le/t000       250  1800 -                         -
train/aaaaaaef/s002_2011/01_tcp_ar/t000       256  1800 -                         -
train/aaaaaalr/s003_2010/01_tcp_ar/t000       256  1800 -                         -
train/aaaaaamt/s002_2015/01_tcp_ar/t000       250  1800 -                         offset
`;

/**
 * Electrode next to which a patient's focal seizures start: both sides, temporal and frontal, in train; places beside
 * those in dev and eval, so that a detector trained on train can find them. Patients that are not named have no
 * focal seizures.
 */
const FOCI: Readonly<Record<string, string>> = {
  ...{ aaaaaaac: "T3", aaaaaabd: "F8", aaaaaajm: "F4", aaaaaakp: "F3", aaaaaamt: "T4" },
  ...{ aaaaabbn: "F8", aaaaabcv: "T3" },
  ...{ aaaaacaw: "F4", aaaaacgs: "T3" },
};

/** All recordings of the table, sorted by id. */
export const SYNTHETIC_RECORDINGS: readonly SyntheticRecording[] = parseTable(TABLE);

/** Half an hour without seizures each, selected by `background` of `selectRecordings`; sorted by id. */
export const BACKGROUND_RECORDINGS: readonly SyntheticRecording[] = parseTable(BACKGROUND_TABLE);

function parseTable(table: string): SyntheticRecording[] {
  return table.trim().split("\n").map(parseRow).sort(byId);
}

function byId(a: SyntheticRecording, b: SyntheticRecording): number {
  return a.id < b.id ? -1 : 1;
}

function parseRow(line: string): SyntheticRecording {
  const [id, rate, seconds, seizures, traits] = line.split(/\s+/) as [string, string, string, string, string];
  const [split, patient, session, montage, token] = id.split("/") as [string, string, string, string, string];
  const list = (text: string) => (text === "-" ? [] : text.split(","));
  return {
    ...{ id, split, patient, session, montage, token },
    sampleRateHz: Number(rate),
    durationSeconds: Number(seconds),
    focus: FOCI[patient] ?? "CZ",
    seizures: list(seizures) as SeizureType[], // the table above is the only source; a test checks its values
    traits: list(traits) as RecordingTrait[],
  };
}

export interface SelectionOptions {
  /** Recordings of the table; every split keeps some. */
  readonly recordings: number;
  /** No recording of the table is longer. */
  readonly maxDurationSeconds: number;
  /** Recordings of half an hour without seizures beside them. */
  readonly background: number;
}

/** The first `recordings` of the table and the first `background` of the seizure-free ones, sorted by id. */
export function selectRecordings({
  recordings,
  maxDurationSeconds,
  background,
}: SelectionOptions): SyntheticRecording[] {
  const chosen = limitRecordings(SYNTHETIC_RECORDINGS, recordings).map((recording) => ({
    ...recording,
    durationSeconds: Math.min(recording.durationSeconds, maxDurationSeconds),
  }));
  return [...chosen, ...BACKGROUND_RECORDINGS.slice(0, background)].sort(byId);
}
