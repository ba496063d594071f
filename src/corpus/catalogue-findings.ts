import { isOwnAnnotation, PATIENT_LIST_NAME } from "../recording/annotation-corpus.js";
import type { Finding } from "../recording/finding.js";
import { RECORDING_NAME } from "./layouts.js";
import type { ListedFile, Listing } from "./listing.js";
import type { RecordingEntry } from "./recording-entry.js";
import { overlappingPatients, splitsOf } from "./splits.js";

/** Findings about a listing: shared patients, duplicate names and contents, annotations without a recording. */
export function catalogueFindings(
  listing: Listing,
  layout: string,
  entries: readonly RecordingEntry[],
  kept: readonly RecordingEntry[],
): Finding[] {
  return [
    ...patientFindings(kept, listing.url),
    ...stemFindings(entries),
    ...contentFindings(listing.recordings),
    ...orphanAnnotations(listing, layout),
    ...compressedAnnotations(listing),
  ];
}

function compressedAnnotations({ compressed }: Listing): Finding[] {
  return compressed.map((file) => ({
    file,
    code: "compressed-annotation",
    severity: "warning",
    message: "the annotation file is compressed and not read",
    action: "unpack it (gunzip); until then the recording is treated as not annotated",
  }));
}

function patientFindings(entries: readonly RecordingEntry[], url: string): Finding[] {
  return overlappingPatients(splitsOf(entries)).map(({ patient, splits }) => ({
    file: url,
    code: "patient-overlap",
    severity: "error",
    message: `patient ${patient} is in ${splits.join(" and ")}`,
    action: "give split files that keep each patient in one split; scores on such splits are not comparable",
  }));
}

/** Groups of items that share a key, in order; a unique item costs one entry of a set. */
function sharedBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): T[][] {
  const seen = new Set<string>();
  const shared = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    if (seen.has(key)) shared.set(key, []);
    else seen.add(key);
  }
  if (shared.size > 0) for (const item of items) shared.get(keyOf(item) ?? "")?.push(item);
  return [...shared.values()];
}

function stemFindings(entries: readonly RecordingEntry[]): Finding[] {
  return sharedBy(entries, ({ edfKey }) => edfKey.slice(edfKey.lastIndexOf("/") + 1)).map((group) => ({
    file: group[0]!.edfKey,
    code: "duplicate-stem",
    severity: "info",
    message: `the file name occurs ${group.length} times: ${group.map(({ id }) => id).join(", ")}`,
    action:
      "none needed: recordings are identified by split, patient, session, montage and token; never use the file name as a key",
  }));
}

/** ETags that come from content: the MD5 of S3, of parts or of the whole. A folder's tags are modification times. */
const CONTENT_ETAG = /^[0-9a-f]{32}(-\d+)?$/;

function contentFindings(recordings: readonly ListedFile[]): Finding[] {
  const contentOf = ({ size, etag }: ListedFile) => (etag && CONTENT_ETAG.test(etag) ? `${size} ${etag}` : undefined);
  return sharedBy(recordings, contentOf).map((group) => duplicateFinding(group.map(({ key }) => ({ edfKey: key }))));
}

/** The finding about recordings with the same data. */
export function duplicateFinding(group: readonly { readonly edfKey: string }[]): Finding {
  const [first, ...others] = group.map(({ edfKey }) => edfKey);
  return {
    file: first!,
    code: "duplicate-content",
    severity: "warning",
    message: `the data equal those of ${others.join(", ")}: one recording under ${group.length} names`,
    action: "exclude all but one, above all when they are in different splits",
  };
}

/** Endings of the annotation files of one recording. */
const OF_RECORDING = /(\.(csv|csv_bi|tse|tse_bi)|_events\.tsv|\.edf\.seizures|_a1\.tsv)$/i;

/** Layouts of corpora whose tables are no annotations, such as Siena's subject_info.csv. */
const OWN_FILES: ReadonlySet<string> = new Set(["chb-mit", "siena", "seizeit1"]);

/** Below it are what others made of a corpus, such as a second rater's annotations: no recording is expected beside them. */
const DERIVATIVES = /(^|\/)derivatives\//;

/** Annotation files without a recording beside them; not in flat corpora, where any csv may occur, nor in derivatives. */
function orphanAnnotations(listing: Listing, layout: string): Finding[] {
  if (layout === "flat") return [];
  const stems = new Set(listing.recordings.map(({ key }) => key.replace(RECORDING_NAME, "").replace(/_eeg$/, "")));
  const orphans: Finding[] = [];
  for (const key of listing.annotations.keys()) {
    if (DERIVATIVES.test(key) || (OWN_FILES.has(layout) && !isOwnAnnotation(key))) continue;
    if (PATIENT_LIST_NAME.test(key) || stems.has(key.replace(OF_RECORDING, ""))) continue;
    orphans.push({
      file: key,
      code: "annotation-without-recording",
      severity: "warning",
      message: "there is no recording of this name beside the annotation file",
      action: "download the recording; until then the annotations are not used",
    });
  }
  return orphans;
}
