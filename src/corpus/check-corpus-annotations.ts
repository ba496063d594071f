import type { Event } from "../base/events.js";
import { totalSeconds } from "../base/events.js";
import type { Finding } from "../recording/finding.js";
import type { LabelAgreement } from "../recording/seizures.js";
import type { Store } from "../store/store.js";
import type { Catalogue } from "./catalogue.js";
import { type Inspected, type InspectOptions, inspectRecordings } from "./inspect.js";
import type { ChannelLabels } from "./labels.js";

/** One recording's labels as a row of a table; `seizures` draws its timeline. */
export interface RecordingAnnotations {
  readonly id: string;
  readonly split: string;
  readonly patient: string;
  readonly session: string;
  readonly montage: string;
  readonly token: string;
  /** From the recording's header; 0 when it cannot be read. */
  readonly durationSeconds: number;
  readonly seizureCount: number;
  readonly seizureSeconds: number;
  /** Seizure types that occur, sorted. */
  readonly types: readonly string[];
  readonly status: "labelled" | "unknown";
  readonly seizures: readonly Event[];
  readonly findings: readonly Finding[];
  /** Agreement of csv with csv_bi (tse with tse_bi), where both exist. */
  readonly agreement?: LabelAgreement;
  /** Seizure rows of the channels, where the files name channels. */
  readonly perChannel?: ChannelLabels;
  /** Local `YYYY-MM-DDTHH:MM:SS` of the first sample, where the header tells it. */
  readonly startDateTime?: string;
}

/**
 * Read the labels of every recording of a catalogue: a row each, in the catalogue's order. Reads headers and annotation
 * files only.
 */
export async function checkCorpusAnnotations(
  store: Store,
  catalogue: Catalogue,
  options: InspectOptions = {},
): Promise<RecordingAnnotations[]> {
  return (await inspectRecordings(store, catalogue, { perChannel: true, ...options })).map(rowOf);
}

function rowOf({ entry, header, labels }: Inspected): RecordingAnnotations {
  const { durationSeconds, seizures, status, findings, agreement, perChannel } = labels;
  const startDateTime = header?.startDateTime;
  const { id, split, patient, session, montage, token } = entry;
  return {
    ...{ id, split, patient, session, montage, token, durationSeconds },
    seizureCount: seizures.length,
    seizureSeconds: totalSeconds(seizures),
    types: [...new Set(seizures.map(({ label }) => label))].sort(),
    ...{ status, seizures, findings },
    ...(agreement && { agreement }),
    ...(perChannel && { perChannel }),
    ...(startDateTime !== undefined && { startDateTime }),
  };
}
