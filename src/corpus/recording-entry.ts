import { SUBJECTS_FILE } from "../recording/siena-subjects.js";
import { type Placement, RECORDING_NAME } from "./layouts.js";
import type { ListedFile, Listing } from "./listing.js";
import { type Splits, splitOfPatient } from "./splits.js";

/** One recording of a corpus: its identity and the keys of its files in the store. */
export interface RecordingEntry {
  /** `split/patient/session/montage/token`: never the file's stem, which can occur twice. */
  readonly id: string;
  readonly split: string;
  readonly patient: string;
  readonly session: string;
  readonly montage: string;
  readonly token: string;
  readonly edfKey: string;
  readonly edfSize: number;
  readonly edfEtag?: string;
  readonly csvKey?: string;
  readonly csvBiKey?: string;
  readonly tseKey?: string;
  readonly tseBiKey?: string;
  /** BIDS events. */
  readonly tsvKey?: string;
  /** CHB-MIT's marks of a recording. */
  readonly seizuresKey?: string;
  /** CHB-MIT's summary of a patient's recordings. */
  readonly summaryKey?: string;
  /** Siena's list of a patient's seizures. */
  readonly listKey?: string;
  /** Siena's table of the subjects, with the type of each one's seizures. */
  readonly subjectsKey?: string;
  /** SeizeIT1's table of a recording's seizures. */
  readonly seizeIt1Key?: string;
}

/** The keys of an entry's annotation files; those of a patient are shared by its recordings. */
export function annotationKeysOf(entry: RecordingEntry): string[] {
  const { csvKey, csvBiKey, tseKey, tseBiKey, tsvKey, seizuresKey, summaryKey, listKey, subjectsKey } = entry;
  const ofRecording = [csvKey, csvBiKey, tseKey, tseBiKey, tsvKey, seizuresKey, entry.seizeIt1Key];
  const keys = [...ofRecording, summaryKey, listKey, subjectsKey];
  return keys.filter((key) => key !== undefined);
}

/** Keys of the annotation files that belong to a recording. */
const ANNOTATION_KEYS = {
  csvKey: ".csv",
  csvBiKey: ".csv_bi",
  tseKey: ".tse",
  tseBiKey: ".tse_bi",
} as const;

function annotationKeys(edfKey: string, listing: Listing): Partial<RecordingEntry> {
  const stem = edfKey.replace(RECORDING_NAME, "");
  const keys: Record<string, string> = {};
  for (const [name, ending] of Object.entries(ANNOTATION_KEYS)) {
    const found = listing.annotations.get(stem + ending) ?? listing.annotations.get(stem + ending.toUpperCase());
    if (found) keys[name] = found.key; // the listing's own string, so that it is stored once
  }
  const events = listing.annotations.get(`${stem.replace(/_eeg$/, "")}_events.tsv`);
  if (events) keys.tsvKey = events.key;
  const seizures = listing.annotations.get(`${edfKey}.seizures`);
  if (seizures) keys.seizuresKey = seizures.key;
  const seizeIt1 = listing.annotations.get(`${stem}_a1.tsv`);
  if (seizeIt1) keys.seizeIt1Key = seizeIt1.key;
  return { ...keys, ...patientKeys(edfKey, listing) };
}

/** Annotation files of all recordings of a folder, named after the folder's patient. */
function patientKeys(edfKey: string, listing: Listing): Partial<RecordingEntry> {
  const [, folder = "", name = ""] = /^(.*\/)?(chb\d\d|PN\d\d)[^/]*$/i.exec(edfKey) ?? [];
  if (name === "") return {};
  const summary = listing.annotations.get(`${folder}${name}-summary.txt`);
  const list = listing.annotations.get(`${folder}Seizures-list-${name}.txt`);
  const subjects = list && listing.annotations.get(`${folder.replace(/[^/]*\/$/, "")}${SUBJECTS_FILE}`);
  return {
    ...(summary && { summaryKey: summary.key }),
    ...(list && { listKey: list.key }),
    ...(subjects && { subjectsKey: subjects.key }),
  };
}

/** The entry of a file that fits the layout, with the annotation files beside it in the listing. `intern` returns one string for equal ones. */
export function entryOf(
  place: Placement,
  file: ListedFile,
  listing: Listing,
  splits: Splits | undefined,
  intern: (name: string) => string,
): RecordingEntry {
  const { patient, session, montage, token } = place;
  const split = splits ? (splitOfPatient(splits, patient) ?? place.split) : place.split;
  return {
    id: [split, patient, session, montage, token].join("/"),
    ...{
      split: intern(split),
      patient: intern(patient),
      session: intern(session),
      montage: intern(montage),
      token: intern(token),
    },
    ...{ edfKey: file.key, edfSize: file.size },
    ...(file.etag === undefined ? {} : { edfEtag: file.etag }),
    ...annotationKeys(file.key, listing),
  };
}
