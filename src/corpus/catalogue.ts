import { NotFoundError } from "@ictal/base/errors";
import type { Finding } from "../recording/finding.js";
import type { Store } from "../store/store.js";
import { catalogueFindings } from "./catalogue-findings.js";
import { corpusFingerprint, createListingCounter, fingerprintLine, type ListingCounts } from "./fingerprint.js";
import { detectLayout, LAYOUTS, type Layout, type LayoutName, layoutNamed } from "./layouts.js";
import { chooseLimited } from "./limit.js";
import { addressOf, type Listing, listCorpus } from "./listing.js";
import type { NotCatalogued } from "./not-catalogued.js";
import { entryOf, type RecordingEntry } from "./recording-entry.js";
import { type Splits, splitOfPatient } from "./splits.js";

/** The recordings of a corpus, with everything that could not be one of them. */
export interface Catalogue {
  readonly layout: LayoutName;
  /** Address that was listed. */
  readonly url: string;
  /** Sorted by id. */
  readonly recordings: readonly RecordingEntry[];
  /** How many `recordings` were cut to; absent where nothing was. */
  readonly limit?: number;
  /** Identity of the whole listing by content, whatever the limit. */
  readonly fingerprint: string;
  /** Counts of the whole listing by split, and `all`; before limit and exclusions. */
  readonly listed: Readonly<Record<string, ListingCounts>>;
  /**
   * Recordings that are not in `recordings` for a fault or a rule (not for the limit); `id` is the key where there is
   * none.
   */
  readonly leftOut: readonly NotCatalogued[];
  readonly findings: readonly Finding[];
}

export interface CatalogueOptions {
  /** How the corpus lies in its folders. @default found from the paths */
  readonly layout?: LayoutName;
  /** Folder of the store to list. @default "" */
  readonly prefix?: string;
  /** Keep only this many recordings, some of every split. @see chooseLimited @default all */
  readonly limit?: number;
  /** Splits by patient that replace those of the folders; patients in none are left out. */
  readonly splits?: Splits;
  readonly signal?: AbortSignal;
}

/** An entry and where its path inside the corpus begins within its address. */
interface Placed {
  readonly entry: RecordingEntry;
  readonly cut: number;
}

/**
 * Patients of TUSZ v1.5 who are in train and in dev (Buckwalter et al., SPMB 2021); their train recordings are left
 * out.
 */
export const SHARED_V15_PATIENTS: readonly string[] = ["00001027", "00001981", "00004671", "00006546", "00009842"];

/**
 * List a corpus and name its recordings. One listing, no other request. NotFoundError when there is no recording or
 * none fits the layout; everything else that is wrong is a finding or a reason in `leftOut`. Patients in more than one
 * split are a finding of severity "error".
 */
export async function readCatalogue(store: Store, options: CatalogueOptions = {}): Promise<Catalogue> {
  const { prefix = "", limit, splits, signal } = options;
  const listing = await listCorpus(store, prefix, signal);
  const layout = options.layout ? layoutNamed(options.layout) : detectLayout(addressed(listing));
  const leftOut: NotCatalogued[] = [...listing.ignored];
  const findings: Finding[] = [];
  const placed: Placed[] = [];
  const counter = createListingCounter();
  const same = createNames();
  for (const file of listing.recordings) {
    const address = addressOf(listing, file.key);
    const place = layout.place(address, file.key);
    if (typeof place === "string") {
      leftOut.push(misplaced(file.key, address, place, layout));
      continue;
    }
    counter.add(place);
    placed.push({ entry: entryOf(place, file, listing, splits, same), cut: address.length - place.path.length });
  }
  if (placed.length === 0) throw noneFits(listing, layout, leftOut);
  const listed = counter.counts();
  const fingerprint = corpusFingerprint(() => linesOf(placed, listing), listed);
  const entries = dropRepeated(placed, leftOut, findings);
  const kept = applyRules(entries, layout, splits, leftOut);
  findings.push(...mixedReleases(leftOut, layout), ...catalogueFindings(listing, layout.name, entries, kept));
  const recordings = chooseLimited(kept, limit);
  return {
    layout: layout.name,
    url: listing.url,
    recordings,
    ...(recordings.length < kept.length ? { limit } : {}),
    fingerprint,
    listed,
    leftOut: leftOut.sort((a, b) => (a.id < b.id ? -1 : 1)),
    findings,
  };
}

function* addressed(listing: Listing): Generator<{ path: string; key: string }> {
  for (const { key } of listing.recordings) yield { path: addressOf(listing, key), key };
}

/** Gives one string for equal ones: names of splits, montages and sessions come again with every recording. */
function createNames(): (name: string) => string {
  const names = new Map<string, string>();
  return (name) => {
    const known = names.get(name);
    if (known === undefined) names.set(name, name);
    return known ?? name;
  };
}

function noneFits(listing: Listing, layout: Layout, leftOut: readonly NotCatalogued[]): NotFoundError {
  const first = leftOut[0]!;
  return new NotFoundError(
    `none of the ${listing.recordings.length} recordings under ${listing.url} fits the layout ${layout.name}, which is ${layout.expected}. ` +
      `The first, ${first.id}: ${first.reason}. Name another layout, or leave it to be found`,
    listing.url,
  );
}

/** A recording that the layout cannot place; one of another release of the corpus is told as such. */
function misplaced(key: string, address: string, reason: string, layout: Layout): NotCatalogued {
  const other = LAYOUTS.find(
    ({ name, place }) => isRelease(name) && name !== layout.name && typeof place(address, key) !== "string",
  );
  if (!other || !isRelease(layout.name)) return { id: key, reason };
  return {
    id: key,
    code: "mixed-releases",
    reason: `it lies as a recording of ${other.name} does, the others as ${layout.name}`,
  };
}

/** Layouts of releases of one corpus. */
const isRelease = (name: LayoutName) => name.startsWith("tusz-");

function mixedReleases(leftOut: readonly NotCatalogued[], layout: Layout): Finding[] {
  const mixed = leftOut.filter(({ code }) => code === "mixed-releases");
  const first = mixed[0];
  if (!first) return [];
  return [
    {
      file: first.id,
      code: "mixed-releases",
      severity: "error",
      message: `two releases of the corpus lie in one listing: ${mixed.length} recordings are not of ${layout.name}`,
      action: "list the folder of one release: both hold many of the same patients under other names",
    },
  ];
}

/** Recordings whose identity is theirs alone; of several with one identity nothing tells which is right, so that none is kept. */
function dropRepeated(placed: readonly Placed[], leftOut: NotCatalogued[], findings: Finding[]): RecordingEntry[] {
  const byId = new Map<string, RecordingEntry[]>();
  for (const { entry } of placed) {
    const same = byId.get(entry.id);
    if (same) same.push(entry);
    else byId.set(entry.id, [entry]);
  }
  const single: RecordingEntry[] = [];
  for (const [id, [first, ...others]] of byId) {
    if (others.length === 0) single.push(first!); // no list is empty
    for (const { edfKey } of others) {
      const message = `two files are the recording ${id}: this one and ${first!.edfKey}; neither is used`;
      const action = "keep one of them: list one copy of the corpus, not a folder that holds several";
      findings.push({ file: edfKey, code: "repeated-identity", severity: "error", message, action });
    }
    const all = others.length === 0 ? [] : [first!, ...others];
    const reason = `${all.length} files have the identity ${id}; keep one of them`;
    for (const { edfKey } of all) leftOut.push({ id: edfKey, code: "repeated-identity", reason });
  }
  return single.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function applyRules(
  entries: readonly RecordingEntry[],
  layout: Layout,
  splits: Splits | undefined,
  leftOut: NotCatalogued[],
): RecordingEntry[] {
  return entries.filter((entry) => {
    const reason = exclusionReason(entry, layout, splits);
    if (reason !== undefined) leftOut.push({ id: entry.id, reason });
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
  for (const { entry, cut } of placed) {
    for (const key of [entry.csvKey, entry.csvBiKey, entry.tseKey, entry.tseBiKey, entry.tsvKey]) {
      const info = key === undefined ? undefined : listing.annotations.get(key);
      if (info) yield line(info.key, info.size, cut);
    }
    yield line(entry.edfKey, entry.edfSize, cut); // last of its name, as the listing has it: sorted already, in most corpora
  }
}
