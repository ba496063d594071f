import type { Finding } from "../recording/annotation-file.js";
import type { RecordingEntry } from "./catalogue.js";
import { RECORDING_NAME } from "./layouts.js";
import type { ListedFile, Listing } from "./listing.js";
import { overlappingPatients, splitsOf } from "./splits.js";

/** What is odd in a listing: shared patients, names and contents that occur twice, annotations without a recording. */
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
    ...strayAnnotations(listing, layout),
  ];
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

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function stemFindings(entries: readonly RecordingEntry[]): Finding[] {
  const groups = groupBy(entries, ({ edfKey }) => edfKey.slice(edfKey.lastIndexOf("/") + 1));
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({
      file: group[0]!.edfKey,
      code: "duplicate-stem",
      severity: "info",
      message: `the file name occurs ${group.length} times: ${group.map(({ id }) => id).join(", ")}`,
      action: "none here, since recordings are told apart by their whole identity; do not key anything by file name",
    }));
}

/** ETags that come from content: the MD5 of S3, of parts or of the whole. A folder's tags come from the clock. */
const CONTENT_ETAG = /^[0-9a-f]{32}(-\d+)?$/;

function contentFindings(recordings: readonly ListedFile[]): Finding[] {
  const groups = groupBy(recordings, ({ size, etag }) =>
    etag && CONTENT_ETAG.test(etag) ? `${size} ${etag}` : undefined,
  );
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => duplicateFinding(group.map(({ key }) => ({ edfKey: key }))));
}

/** The finding about recordings with the same bytes. */
export function duplicateFinding(group: readonly { readonly edfKey: string }[]): Finding {
  const [first, ...others] = group.map(({ edfKey }) => edfKey);
  return {
    file: first!,
    code: "duplicate-content",
    severity: "warning",
    message: `the bytes are those of ${others.join(", ")} too: one recording under ${group.length} names`,
    action: "leave all but one out, most of all when they are in different splits",
  };
}

/** Annotation files without a recording beside them; not in flat corpora, where any csv may lie about. */
function strayAnnotations(listing: Listing, layout: string): Finding[] {
  if (layout === "flat") return [];
  const stems = new Set(listing.recordings.map(({ key }) => key.replace(RECORDING_NAME, "").replace(/_eeg$/, "")));
  return [...listing.annotations.keys()]
    .filter((key) => !stems.has(key.replace(/(\.(csv|csv_bi|tse|tse_bi)|_events\.tsv)$/i, "")))
    .map((key) => ({
      file: key,
      code: "annotation-without-recording",
      severity: "warning",
      message: "no recording of this name lies beside the annotation file",
      action: "fetch the recording; until then nothing uses the annotations",
    }));
}
