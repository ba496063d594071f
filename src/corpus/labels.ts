import type { Event } from "../base/events.js";
import { type AnnotationFile, readAnnotations } from "../recording/annotation-file.js";
import type { AnnotationFormat } from "../recording/annotation-rows.js";
import type { Finding } from "../recording/finding.js";
import {
  agreementOf,
  checkDuration,
  compareAnnotations,
  doubtAbout,
  type LabelAgreement,
  seizureEvents,
} from "../recording/seizures.js";
import type { Store } from "../store/store.js";
import type { RecordingEntry } from "./recording-entry.js";

/** What is known of a recording's seizures. */
export interface RecordingLabels {
  readonly id: string;
  readonly durationSeconds: number;
  /** In order, disjoint, within the duration; the label is the type where one is known, else "seiz". */
  readonly seizures: readonly Event[];
  /** "unknown": nothing says what the recording holds, so no second of it is background. */
  readonly status: "labelled" | "unknown";
  readonly findings: readonly Finding[];
  /** How far the per-channel file agrees with the binary one, where both are there. */
  readonly agreement?: LabelAgreement;
}

export interface ReadLabelsOptions {
  /** Duration of the recording, from its header. */
  readonly durationSeconds: number;
  readonly signal?: AbortSignal;
}

/**
 * Seizures of one recording. Times come from csv_bi (or tse_bi), types from csv (or tse): the type with most seconds
 * inside the seizure; the two are compared. Without the binary file the typed one is used, with a finding; BIDS
 * recordings have their events tsv. No annotation file, a file without rows and a file with rows that cannot be read
 * give status "unknown", never background. FormatError (file, line) on a label that is not known.
 */
export async function readLabels(
  store: Store,
  entry: RecordingEntry,
  options: ReadLabelsOptions,
): Promise<RecordingLabels> {
  const { durationSeconds, signal } = options;
  const read = (key: string | undefined, format: AnnotationFormat) => readFileAt(store, key, format, signal);
  const [csvBi, csv, tseBi, tse, tsv] = await Promise.all([
    read(entry.csvBiKey, "csv_bi"),
    read(entry.csvKey, "csv"),
    read(entry.tseBiKey, "tse_bi"),
    read(entry.tseKey, "tse"),
    read(entry.tsvKey, "tsv"),
  ]);
  const binary = csvBi ?? tseBi;
  const typed = csv ?? tse;
  const file = binary ?? typed ?? tsv;
  const unknown = { id: entry.id, durationSeconds, seizures: [], status: "unknown" as const };
  if (!file) return { ...unknown, findings: [noAnnotation(entry)] };
  const findings = [binary, typed, tsv].flatMap((each) =>
    each ? [...each.findings, ...checkDuration(each, durationSeconds)] : [],
  );
  if (typed && binary) findings.push(...compareAnnotations(typed, binary));
  const agreement = typed && binary ? { agreement: agreementOf(typed, binary) } : {};
  if (typed && !binary) findings.push(noBinary(typed.file));
  const doubt = doubtAbout(file);
  if (doubt) return { ...unknown, ...agreement, findings: [...findings, doubt] };
  const seizures = seizureEvents({ events: file.events, durationSeconds }, typed);
  return { id: entry.id, durationSeconds, seizures, status: "labelled", findings, ...agreement };
}

async function readFileAt(
  store: Store,
  key: string | undefined,
  format: AnnotationFormat,
  signal: AbortSignal | undefined,
): Promise<AnnotationFile | undefined> {
  if (key === undefined) return undefined;
  const bytes = await store.read(key, signal ? { signal } : {});
  return readAnnotations(new TextDecoder().decode(bytes), { file: key, format });
}

function noAnnotation({ edfKey }: RecordingEntry): Finding {
  return {
    file: edfKey,
    code: "no-annotation",
    severity: "warning",
    message: "no annotation file lies beside the recording; its time is unknown, not background",
    action: "add the annotation, or leave the recording out",
  };
}

function noBinary(file: string): Finding {
  return {
    file,
    code: "no-binary-annotation",
    severity: "warning",
    message: "the binary file (csv_bi, tse_bi) is missing; seizures come from the per-channel rows",
    action: "none needed; scores by other tools may lack the recording",
  };
}
