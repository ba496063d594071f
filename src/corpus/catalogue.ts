import { NotFoundError } from "@ictal/base/errors";
import type { Finding } from "../recording/finding.js";
import type { Store } from "../store/store.js";
import { catalogueFindings } from "./catalogue-findings.js";
import type { ExcludedRecording } from "./excluded-recording.js";
import { corpusFingerprint, createListingCounter, fingerprintLine, type ListingCounts } from "./fingerprint.js";
import { detectLayout, LAYOUTS, type Layout, type LayoutName, layoutNamed } from "./layouts.js";
import { limitRecordings } from "./limit.js";
import { addressOf, type Listing, listCorpus } from "./listing.js";
import { readParticipants } from "./participants.js";
import { annotationKeysOf, entryOf, type RecordingEntry } from "./recording-entry.js";
import { type Splits, splitOfPatient } from "./splits.js";

/** The recordings of a corpus, and the files that were excluded. */
export interface Catalogue {
  readonly layout: LayoutName;
  /** Address that was listed. */
  readonly url: string;
  /** Sorted by id. */
  readonly recordings: readonly RecordingEntry[];
  /** Number that `recordings` was limited to; absent where it was not limited. */
  readonly limit?: number;
  /** Identity of the whole listing by content, whatever the limit. */
  readonly fingerprint: string;
  /** Counts of the whole listing by split, and `all`; before limit and exclusions. */
  readonly listed: Readonly<Record<string, ListingCounts>>;
  /** Recordings that are not in `recordings` for an error or a rule (not for the limit); `id` is the key where there is none. */
  readonly excluded: readonly ExcludedRecording[];
  readonly findings: readonly Finding[];
}

/** How a corpus is listed. */
export interface CatalogueOptions {
  /** Folder layout of the corpus. @default detected from the paths */
  readonly layout?: LayoutName | undefined;
  /** Folder of the store to list. @default "" */
  readonly prefix?: string | undefined;
  /** Keep only this many recordings, some of every split. @see limitRecordings @default all */
  readonly limit?: number | undefined;
  /** Splits by patient that replace those of the folders; patients in none are excluded. */
  readonly splits?: Splits | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An entry and the offset of its path inside the corpus within its address. */
interface Placed {
  readonly entry: RecordingEntry;
  readonly cut: number;
}

/**
 * Patients of TUSZ v1.5 who are in train and in dev (Buckwalter et al., SPMB 2021); their train recordings are
 * excluded.
 */
export const SHARED_V15_PATIENTS: readonly string[] = ["00001027", "00001981", "00004671", "00006546", "00009842"];

/**
 * List a corpus and name its recordings. One listing, no other request but for the participants.tsv of a BIDS folder, whose
 * column of splits, if it has one, gives the patients theirs. NotFoundError when there is no recording or
 * none fits the layout; every other problem is a finding or a reason in `excluded`. Patients in more than one
 * split are a finding of severity "error".
 */
export async function readCatalogue(store: Store, options: CatalogueOptions = {}): Promise<Catalogue> {
  const { prefix = "", limit, splits, signal } = options;
  const listing = await listCorpus(store, prefix, signal);
  const layout = options.layout ? layoutNamed(options.layout) : detectLayout(addressed(listing));
  const excluded: ExcludedRecording[] = [...listing.ignored];
  const findings: Finding[] = [];
  const placed: Placed[] = [];
  const counter = createListingCounter();
  const same = createInterner();
  for (const file of listing.recordings) {
    const address = addressOf(listing, file.key);
    const place = layout.place(address, file.key);
    if (typeof place === "string" && layout.isOther?.(address)) continue; // no EEG, such as the ECG beside it
    if (typeof place === "string") {
      excluded.push(unplaced(file.key, address, place, layout));
      continue;
    }
    counter.add(place);
    placed.push({ entry: entryOf(place, file, listing, splits, same), cut: address.length - place.path.length });
  }
  if (placed.length === 0) throw noneFits(listing, layout, excluded);
  if (layout.name === "bids" && !splits) findings.push(...(await takeParticipants(store, listing, placed, signal)));
  const listed = counter.counts();
  const fingerprint = corpusFingerprint(() => linesOf(placed, listing), listed);
  const entries = dropRepeated(placed, excluded, findings);
  const kept = applyRules(entries, layout, splits, excluded);
  findings.push(...mixedReleases(excluded, layout), ...catalogueFindings(listing, layout.name, entries, kept));
  const recordings = limitRecordings(kept, limit);
  return {
    layout: layout.name,
    url: listing.url,
    recordings,
    ...(limit !== undefined && recordings.length < kept.length && { limit }),
    fingerprint,
    listed,
    excluded: excluded.sort((a, b) => (a.id < b.id ? -1 : 1)),
    findings,
  };
}

/** Puts the splits of participants.tsv into the entries; ids keep the name of the layout's split, so that a cache stays. */
async function takeParticipants(
  store: Store,
  listing: Listing,
  placed: Placed[],
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  if (listing.participants.length === 0) return [];
  const rootOf = ({ entry: { edfKey }, cut }: Placed) =>
    edfKey.slice(0, Math.max(0, cut - (addressOf(listing, edfKey).length - edfKey.length)));
  const placeOf = (each: Placed) => ({ root: rootOf(each), patient: each.entry.patient });
  const { splitOf, findings } = await readParticipants(store, listing.participants, placed.map(placeOf), signal);
  for (const [i, each] of placed.entries()) {
    const split = splitOf(placeOf(each));
    if (split !== undefined) placed[i] = { ...each, entry: { ...each.entry, split } };
  }
  return findings;
}

function* addressed(listing: Listing): Generator<{ path: string; key: string }> {
  for (const { key } of listing.recordings) yield { path: addressOf(listing, key), key };
}

/** Interns strings: names of splits, montages and sessions repeat with every recording. */
function createInterner(): (name: string) => string {
  const names = new Map<string, string>();
  return (name) => {
    const known = names.get(name);
    if (known === undefined) names.set(name, name);
    return known ?? name;
  };
}

function noneFits(listing: Listing, layout: Layout, excluded: readonly ExcludedRecording[]): NotFoundError {
  const [first] = excluded;
  const example = first ? `The first, ${first.id}: ${first.reason}. ` : "";
  return new NotFoundError(
    `none of the ${listing.recordings.length} recordings under ${listing.url} fits the layout ${layout.name}, which is ${layout.expected}. ` +
      `${example}Give another (data.dataset, or --layout), or none to detect it`,
    listing.url,
  );
}

/** A recording that does not fit the layout; one of another release of the corpus is reported as such. */
function unplaced(key: string, address: string, reason: string, layout: Layout): ExcludedRecording {
  const other = LAYOUTS.find(
    ({ name, place }) => isRelease(name) && name !== layout.name && typeof place(address, key) !== "string",
  );
  if (!other || !isRelease(layout.name)) return { id: key, reason };
  return {
    id: key,
    code: "mixed-releases",
    reason: `its path is that of ${other.name}, the others are of ${layout.name}`,
  };
}

/** Layouts of releases of one corpus. */
const isRelease = (name: LayoutName) => name.startsWith("tusz-");

function mixedReleases(excluded: readonly ExcludedRecording[], layout: Layout): Finding[] {
  const mixed = excluded.filter(({ code }) => code === "mixed-releases");
  const first = mixed[0];
  if (!first) return [];
  return [
    {
      file: first.id,
      code: "mixed-releases",
      severity: "error",
      message: `the listing holds two releases of the corpus: ${mixed.length} recordings are not of ${layout.name}`,
      action: "list the folder of one release: both hold many of the same patients under different names",
    },
  ];
}

/** Recordings with a unique identity; of several with one identity none is kept, since the right one is unknown. */
function dropRepeated(placed: readonly Placed[], excluded: ExcludedRecording[], findings: Finding[]): RecordingEntry[] {
  const byId = new Map<string, RecordingEntry[]>();
  for (const { entry } of placed) {
    const same = byId.get(entry.id);
    if (same) same.push(entry);
    else byId.set(entry.id, [entry]);
  }
  const single: RecordingEntry[] = [];
  for (const [id, [first, ...others]] of byId) {
    if (!first) continue;
    if (others.length === 0) single.push(first);
    for (const { edfKey } of others) {
      const message = `two files have the identity ${id}: this one and ${first.edfKey}; neither is used`;
      const action = "keep one of them: list one copy of the corpus, not a folder that holds several";
      findings.push({ file: edfKey, code: "repeated-identity", severity: "error", message, action });
    }
    const all = others.length === 0 ? [] : [first, ...others];
    const reason = `${all.length} files have the identity ${id}; keep one of them`;
    for (const { edfKey } of all) excluded.push({ id: edfKey, code: "repeated-identity", reason });
  }
  return single.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function applyRules(
  entries: readonly RecordingEntry[],
  layout: Layout,
  splits: Splits | undefined,
  excluded: ExcludedRecording[],
): RecordingEntry[] {
  return entries.filter((entry) => {
    const reason = exclusionReason(entry, layout, splits);
    if (reason !== undefined) excluded.push({ id: entry.id, reason });
    return reason === undefined;
  });
}

function exclusionReason(entry: RecordingEntry, layout: Layout, splits: Splits | undefined): string | undefined {
  if (splits)
    return splitOfPatient(splits, entry.patient) === undefined ? "its patient is in no split file" : undefined;
  if (layout.name !== "tusz-v1.5" || entry.split !== "train" || !SHARED_V15_PATIENTS.includes(entry.patient))
    return undefined;
  return "its patient is also in dev (one of five such in TUSZ v1.5, Buckwalter et al. 2021); dev keeps the recordings";
}

/** Every file that belongs to a placed recording, by its path inside the corpus. */
function* linesOf(placed: readonly Placed[], listing: Listing): Generator<string> {
  const line = (key: string, size: number, cut: number) => fingerprintLine(addressOf(listing, key).slice(cut), size);
  const shared = new Set<string>(); // the lists of a patient belong to several recordings
  for (const { entry, cut } of placed) {
    for (const key of annotationKeysOf(entry)) {
      const info = listing.annotations.get(key);
      const isOfPatient = [entry.summaryKey, entry.listKey, entry.subjectsKey].includes(key);
      if (!info || (isOfPatient && shared.has(key))) continue;
      if (isOfPatient) shared.add(key);
      yield line(info.key, info.size, cut);
    }
    yield line(entry.edfKey, entry.edfSize, cut); // last of its stem, as in the listing: already sorted in most corpora
  }
}
