import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { action, type Outcome, UsageError } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { isIctalError, NotFoundError } from "@ictal/base/errors";
import { collect } from "@ictal/base/flags";
import { withInterrupt } from "@ictal/base/interrupt";
import { makeFolder } from "@ictal/base/make-folder";
import { nearestName } from "@ictal/base/nearest";
import { notify, printable } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import type { Command } from "commander";
import { longestMissSeconds, worstFirst } from "../base/worst-first.js";
import { layoutFromConfig, postprocessFromConfig } from "../config/layer-options.js";
import { type Catalogue, readCatalogue } from "../corpus/catalogue.js";
import type { RecordingEntry } from "../corpus/recording-entry.js";
import { type LeftOutRow, type ReviewRow, reviewList, reviewRow } from "../plots/review/list.js";
import { type ReviewLinks, reviewPage } from "../plots/review/page.js";
import { openStore } from "../store/open-store.js";
import { loadDetector } from "../training/load-detector.js";
import { projectCommit } from "../training/receipt.js";
import { configuredManifest } from "./configured-manifest.js";
import { addDataOptions, configOf, type DataFlags, type FlagConfig } from "./data-options.js";
import {
  annotationsIn,
  createReviewReader,
  type OtherReference,
  type ReviewSources,
  requireFolder,
  requireSomePrediction,
} from "./review-source.js";
import { expertNames } from "./score-experts.js";
import { readScoreTree } from "./score-tree.js";
import { addSplitOptions } from "./split-flags.js";

interface ReviewFlags extends DataFlags {
  readonly recording?: readonly string[];
  readonly predictions?: readonly string[];
  readonly ref?: readonly string[];
  readonly checkpoint?: string;
  readonly allowOtherCache?: boolean;
  readonly split: string;
  readonly out: string;
}

const LIST_FILE = "index.html";

/** File name of a recording's page; `ictal score --report` links to it by this name. */
const pageName = (id: string) => `${id.replace(/[\\/]/g, "--")}.html`;

/** Recordings of a split that data.split makes of a corpus without it, by the manifest of the cache; undefined where there is none. */
async function assignedIds(
  { recordings }: Catalogue,
  { recording, split }: ReviewFlags,
  loaded: FlagConfig,
): Promise<ReadonlySet<string> | undefined> {
  if (recording || loaded.cacheKey === undefined || recordings.some((entry) => entry.split === split)) return undefined;
  const manifest = await configuredManifest(loaded, split).catch((error: unknown) => {
    if (isIctalError(error, "NotFoundError")) return undefined;
    throw error;
  });
  const own = manifest?.recordings.filter((each) => each.split === split) ?? [];
  return own.length > 0 ? new Set(own.map(({ id }) => id)) : undefined;
}

function chosenEntries(
  { recordings, excluded }: Catalogue,
  flags: ReviewFlags,
  ids: ReadonlySet<string> | undefined,
): RecordingEntry[] {
  if (!flags.recording) {
    const found = ids
      ? recordings.filter(({ id }) => ids.has(id))
      : recordings.filter(({ split }) => split === flags.split);
    if (found.length > 0) return found;
    const splits = [...new Set(recordings.map(({ split }) => split))].join(", ");
    const advice = splits === "all" ? "; --split all reviews every recording" : "";
    throw new UsageError(`invalid --split ${flags.split}: the corpus has ${splits}${advice}`);
  }
  const byId = new Map(recordings.map((entry) => [entry.id, entry]));
  return flags.recording.map((id) => {
    const entry = byId.get(id);
    if (entry) return entry;
    const out = excluded.find((each) => each.id === id);
    if (out) throw new UsageError(`invalid --recording ${id}: excluded from the corpus: ${out.reason}`);
    const nearest = nearestName(id, byId.keys());
    throw new UsageError(
      `invalid --recording ${id}: none of the ${recordings.length} recordings has that id (split/patient/session/montage/token)${nearest ? `; nearest: ${nearest}` : ""}`,
    );
  });
}

/** The first folder of predictions, the others by name, and further references. */
async function sourcesOf(flags: ReviewFlags, { config, cacheKey }: FlagConfig): Promise<ReviewSources> {
  const folders = flags.predictions ?? [];
  if (folders.length === 0 && flags.checkpoint) throw new UsageError("--checkpoint needs --predictions");
  refuseTwice("--predictions", folders);
  refuseTwice("--ref", flags.ref ?? []);
  for (const folder of folders) await requireFolder(folder);
  const common = {
    postprocess: postprocessFromConfig(config),
    ...(cacheKey === undefined || flags.allowOtherCache ? {} : { cacheKey }),
  };
  const names = expertNames(folders);
  const [first, ...rest] = folders.map((folder, i) => ({ ...common, dir: resolve(folder), name: names[i] ?? folder }));
  const references = [];
  for (const [i, name] of expertNames(flags.ref ?? []).entries())
    references.push({ name, tree: await readScoreTree(flags.ref?.[i] ?? name, "--ref") });
  const checkpointHash = flags.checkpoint === undefined ? undefined : (await loadDetector(flags.checkpoint)).hash;
  return {
    ...(first && { predictions: { ...first, ...(checkpointHash !== undefined && { checkpointHash }) } }),
    ...{ others: rest, references },
  };
}

function refuseTwice(flag: string, folders: readonly string[]): void {
  const again = folders.find((folder, i) => folders.findIndex((each) => resolve(each) === resolve(folder)) !== i);
  if (again !== undefined) throw new UsageError(`${flag} ${again} is given twice; expected different folders`);
}

/** A folder without any of the recordings is another corpus's, or its folders lie otherwise. */
function refuseForeign(references: readonly OtherReference[], entries: readonly RecordingEntry[]): void {
  const foreign = references.find(({ tree }) => entries.every((entry) => !annotationsIn(tree, entry)));
  if (!foreign) return;
  const [example] = foreign.tree.keys();
  throw new UsageError(
    `--ref ${foreign.name} has none of the ${entries.length} recordings at the same relative path; it has ${example}, expected ${entries[0]?.edfKey.replace(/\.[^./]+$/, "")}`,
  );
}

interface Reviewed {
  readonly rows: readonly ReviewRow[];
  readonly leftOut: readonly LeftOutRow[];
}

/** Pages made by name leave a list of others as it is. */
function linksOf(entries: readonly RecordingEntry[], index: number, flags: ReviewFlags): ReviewLinks {
  const link = (entry: RecordingEntry | undefined) => entry && encodeURI(pageName(entry.id));
  const hasList = !flags.recording || existsSync(join(flags.out, LIST_FILE));
  const [previous, next] = [link(entries[index - 1]), link(entries[index + 1])];
  return {
    ...(hasList ? { list: LIST_FILE } : {}),
    ...(previous !== undefined && { previous }),
    ...(next !== undefined && { next }),
  };
}

const SPLIT_FOLDER = /^(.*[\\/])(train|dev|eval)[\\/]*$/;

/**
 * Where the wanted recordings lie: a configuration may name one split's folder as its data_dir, and the folder of another
 * split is next to it.
 */
function corpusFolder(dataDir: string, { recording, split }: Pick<ReviewFlags, "recording" | "split">): string {
  const [, parent, own] = SPLIT_FOLDER.exec(dataDir) ?? [];
  const wanted = [...new Set(recording ? recording.map((id) => id.replace(/\/.*$/s, "")) : [split])];
  if (parent === undefined || wanted.every((name) => name === own)) return dataDir;
  if (wanted.length > 1) return parent;
  const sibling = `${parent}${wanted[0]}`;
  return sibling.includes("://") || existsSync(sibling) ? sibling : dataDir;
}

async function review(flags: ReviewFlags, signal: AbortSignal): Promise<Reviewed> {
  const loaded = await configOf(flags, ["dataDir"]);
  const { data } = loaded.config;
  const sources = await sourcesOf(flags, loaded);
  const { predictions, references = [] } = sources;
  const store = openStore(corpusFolder(data.data_dir, flags));
  const catalogue = await readCatalogue(store, {
    layout: layoutFromConfig(loaded.config),
    limit: flags.recording ? undefined : (data.limit_files ?? undefined),
    signal,
  });
  const entries = chosenEntries(catalogue, flags, await assignedIds(catalogue, flags, loaded));
  if (predictions && !flags.recording) await requireSomePrediction(entries, predictions, flags.split);
  refuseForeign(references, entries);
  const evalCount = entries.filter(({ split }) => split === "eval").length;
  if (evalCount > 0) notify(`ictal: this uses the eval split: ${evalCount} recordings`);
  const caption = {
    corpus: `corpus ${catalogue.fingerprint.slice(0, 8)}`,
    ...(predictions?.cacheKey !== undefined && { cacheKey: predictions.cacheKey }),
    commit: projectCommit(),
  };
  const reader = createReviewReader(store, caption, sources);
  const progress = createProgress();
  await makeFolder(flags.out);
  const rows: ReviewRow[] = [];
  const leftOut: LeftOutRow[] = [];
  try {
    for (const [index, entry] of entries.entries()) {
      signal.throwIfAborted();
      progress.update({ label: "review", done: index, total: entries.length, unit: "recordings", note: entry.id });
      try {
        const recording = await reader.read(entry, signal);
        if (flags.recording && predictions && !recording.detector)
          throw new NotFoundError(
            `no prediction of ${entry.id} in ${predictions.dir}; create it with ictal predict, or omit --predictions`,
            entry.id,
          );
        await writeFileAtomic(
          join(flags.out, pageName(entry.id)),
          await reviewPage(recording, linksOf(entries, index, flags)),
        );
        rows.push(reviewRow(recording, pageName(entry.id)));
      } catch (error) {
        if (flags.recording || !(isIctalError(error, "FormatError") || isIctalError(error, "UnsupportedError")))
          throw error;
        leftOut.push({ id: entry.id, reason: error.message });
      }
    }
    progress.update({ label: "review", done: entries.length, total: entries.length, unit: "recordings" });
  } finally {
    progress.finish();
    await store.close?.();
  }
  if (!flags.recording) await writeFileAtomic(join(flags.out, LIST_FILE), reviewList(rows, { leftOut, caption }));
  return { rows, leftOut };
}

/** A page for scripts; what labels or a prediction would tell is null without them. */
function pageJson(row: ReviewRow, out: string) {
  const isCompared = row.isLabelled && row.hasPrediction;
  return {
    id: row.id,
    page: join(out, row.href),
    seizures: row.isLabelled ? row.reference.length : null,
    missed: isCompared ? row.misses.length : null,
    longestMissSeconds: isCompared ? longestMissSeconds(row) : null,
    falseAlarms: isCompared ? row.falseAlarms.length : null,
  };
}

async function run(flags: ReviewFlags): Promise<Outcome> {
  const { rows, leftOut } = await withInterrupt("finished pages are complete", (signal) => review(flags, signal));
  const list = flags.recording ? undefined : join(flags.out, LIST_FILE);
  const sorted = worstFirst(rows);
  const unpredicted = flags.predictions ? sorted.filter(({ hasPrediction }) => !hasPrediction).map(({ id }) => id) : [];
  const [[missing], [excluded]] = [unpredicted, leftOut];
  const notes = [
    ...(missing === undefined ? [] : [`${unpredicted.length} without a prediction, e.g. ${printable(missing)}`]),
    ...(excluded ? [`${leftOut.length} without a page, e.g. ${printable(`${excluded.id}: ${excluded.reason}`)}`] : []),
  ];
  const pages = sorted.map((row) => pageJson(row, flags.out));
  return {
    json: { out: flags.out, ...(list ? { list } : {}), recordings: rows.length, pages, unpredicted, leftOut },
    text: [`${rows.length} review pages; open ${printable(list ?? pages[0]?.page ?? flags.out)}`, ...notes].join("\n"),
    exitCode: rows.length > 0 ? 0 : 1,
  };
}

const HELP = `
Each page is one self-contained file. Keyboard shortcuts ("?" lists them): arrow and Page keys scroll; e, m and f go to the
next event, missed seizure and false alarm. A drag over the EEG measures, "a" marks what is selected; marks are saved as csv_bi,
HED-SCORE tsv or JSON ("ictal annotations collect" makes annotation folders of the JSON files). Reports of "ictal score --report" link to pages in a folder "review" next to
them.

Examples:
  ictal review --config configs/smoke_test.yaml --predictions results/dev --out results/review
  ictal review --config configs/smoke_test.yaml --recording dev/aaaaabbn/s001_2011/01_tcp_ar/t000 --out results/review`;

/** Adds `ictal review`. */
export function addReviewCommand(program: Command): void {
  addSplitOptions(addDataOptions(program.command("review"), ["dataDir"]))
    .description(
      "write HTML pages with EEG, reference labels, detections and probability, one per recording, and an index, worst first",
    )
    .requiredOption("--out <dir>", "folder for the pages and index.html")
    .option(
      "--recording <id>",
      "id: split/patient/session/montage/token; repeatable (default: all recordings of --split)",
      collect,
    )
    .option(
      "--predictions <dir>",
      "output folder of ictal predict; repeatable: further detectors stand beside the first (default: EEG and labels only)",
      collect,
    )
    .option("--ref <dir>", "folder of other annotations, e.g. of another expert, to show beside; repeatable", collect)
    .option("--checkpoint <path>", "require predictions of this checkpoint")
    .option("--allow-other-cache", "accept predictions made on another cache than the configured one")
    .option("--split <name>", "train, dev or eval", "dev")
    .addHelpText("after", HELP)
    .action(action(run));
}
