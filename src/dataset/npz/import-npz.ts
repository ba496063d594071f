import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { hashOf } from "@ictal/base/canonical";
import { isIctalError, NotFoundError } from "@ictal/base/errors";
import { requireNumbers } from "@ictal/base/options";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { CACHE_DEFAULTS } from "../../cache/cache-options.js";
import { ExclusionError } from "../../cache/exclusion.js";
import { type CacheDescription, cacheKeyOf, prepareFolder } from "../../cache/folder.js";
import { CACHE_FORMAT_VERSION, FRAME_SAMPLES, type SampleType } from "../../cache/format.js";
import { recordingFile } from "../../cache/paths.js";
import { bytesOnDisk, type Exclusion, readSidecar, type Sidecar } from "../../cache/sidecar.js";
import { writeSidecar } from "../../cache/write-sidecar.js";
import { ELECTRODES_19 } from "../../signal/electrodes.js";
import { WINDOW_DEFAULTS } from "../window-options.js";
import { type ImportedRecording, importRecording } from "./import-recording.js";
import {
  REFERENCE_LISTS,
  REFERENCE_MANIFEST_FILE,
  type ReferenceManifest,
  readReferenceManifest,
  refuseMissingFiles,
} from "./reference-manifest.js";

const ENDING = "_windows.npz";
const SPLITS = ["train", "dev", "eval"];

/** Which archives go into which cache. */
export interface ImportOptions {
  /** Folder of archives, or of the folders train, dev and eval that hold them. */
  readonly dir: string;
  readonly cacheDir: string;
  /** The split of archives that lie in no folder called train, dev or eval. @default "train" */
  readonly split?: string | undefined;
  /** From start to start of the archives' windows. @default 10 */
  readonly strideSeconds?: number | undefined;
  /** @default "int16" */
  readonly sampleType?: SampleType | undefined;
  /** Store the windows under this cache's key, as if its chain had produced them. @default a key of their own */
  readonly description?: CacheDescription | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What an import did. */
export interface ImportReport {
  readonly cacheDir: string;
  readonly key: string;
  readonly folder: string;
  readonly imported: number;
  /** There already from an archive of the same name and size. */
  readonly reused: number;
  readonly excluded: readonly Exclusion[];
  readonly eegSeconds: number;
  readonly bytes: number;
  /** Windows that the reference's manifest has in another class than their labels say, or not at all. */
  readonly otherClass: number;
}

/** The description of a cache when only the windows are known. */
function describeImport(sampleType: SampleType): CacheDescription {
  const chain = { source: "npz windows of the reference system" };
  const rest = {
    formatVersion: CACHE_FORMAT_VERSION as 1,
    sampleType,
    sampleRateHz: 256,
    frameSamples: FRAME_SAMPLES as 2560,
    channels: [...ELECTRODES_19],
    chain,
    chainHash: hashOf(chain),
    dspVersion: "npz",
  };
  return { ...rest, key: cacheKeyOf(rest) };
}

interface Archives {
  readonly dir: string;
  readonly split: string;
  readonly files: readonly string[];
}

async function archivesIn(dir: string, split: string): Promise<Archives> {
  const names = await readdir(dir);
  return { dir, split, files: names.filter((name) => name.endsWith(ENDING)).sort() };
}

async function findArchives({ dir, split = "train" }: ImportOptions): Promise<Archives[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw new NotFoundError(`no folder ${dir}; give the one that holds *${ENDING}`, dir, { cause: error });
  });
  const own = await archivesIn(dir, SPLITS.includes(basename(dir)) ? basename(dir) : split);
  const folders = entries.filter((entry) => entry.isDirectory() && SPLITS.includes(entry.name));
  const nested = await Promise.all(folders.map(({ name }) => archivesIn(join(dir, name), name)));
  const found = [own, ...nested].filter(({ files }) => files.length > 0);
  if (found.length > 0) return found;
  throw new NotFoundError(
    `no *${ENDING} in ${dir} or its folders train, dev and eval; give a folder that ictal cache export wrote`,
    dir,
  );
}

/** Identity from an archive's name: patient_session_token of TUSZ, else the whole stem as a patient of its own. */
function identify(file: string, split: string): ImportedRecording {
  const stem = file.slice(0, -ENDING.length);
  const [, patient = stem, session = "s001", token = "t000"] = /^(.+)_(s\d{3})_(t\d{3})$/.exec(stem) ?? [];
  return { id: `${split}/${patient}/${session}/npz/${token}`, split, patient, session, montage: "npz" };
}

/** The sidecar of what was imported already, marked where version 0.1 imported it; undefined where it is to be imported anew. */
async function findImported(
  folder: string,
  id: string,
  path: string,
  sampleType: SampleType,
): Promise<Sidecar | undefined> {
  const sidecar = await readSidecar(folder, id).catch((error: unknown) => {
    if (isIctalError(error, "CacheError")) return undefined; // damaged or foreign: imported again
    throw error;
  });
  if (!sidecar || sidecar.source.key !== basename(path) || sidecar.source.size !== (await stat(path)).size)
    return undefined;
  if ((await bytesOnDisk(join(folder, recordingFile(id, sampleType)))) !== sidecar.fileBytes) return undefined;
  if (sidecar.timelineCheck !== undefined) return sidecar;
  const marked: Sidecar = { ...sidecar, timelineCheck: "windows" };
  await writeSidecar(folder, marked);
  return marked;
}

/** How many windows of `file` the reference lists in another class, or not at all; unlabelled ones it should not list. */
function countOther(manifest: ReferenceManifest | undefined, file: string, classes: readonly string[]): number {
  if (!manifest) return 0;
  const listed = new Map<number, string>();
  for (const [name, list] of Object.entries(REFERENCE_LISTS))
    for (const entry of manifest[list]) if (entry.cache_file === file) listed.set(entry.window_idx, name);
  const beyond = [...listed.keys()].filter((number) => number >= classes.length).length;
  return beyond + classes.filter((name, number) => (listed.get(number) ?? "unknown") !== name).length;
}

/**
 * Bring the archives of the reference system into a cache: overlapping windows are joined to recordings, labels to
 * seizures; an archive without labels is unlabelled. What was imported already is reused. An invalid archive is excluded
 * with its reason. Throws a CacheError when the reference's manifest names missing archives or the disk cannot be written, a
 * NotFoundError when there are none. Write the manifest with `writeManifest` afterwards.
 */
export async function importNpz(options: ImportOptions): Promise<ImportReport> {
  const { cacheDir, sampleType = CACHE_DEFAULTS.sampleType, progress = silentProgress, signal } = options;
  const found = await findArchives(options);
  const folder = await prepareFolder(cacheDir, options.description ?? describeImport(sampleType));
  requireNumbers({ strideSeconds: options.strideSeconds }, { above: 0 });
  const strideSamples = Math.round((options.strideSeconds ?? WINDOW_DEFAULTS.strideSeconds) * folder.sampleRateHz);
  if (!(strideSamples >= 1)) throw new RangeError(`invalid strideSeconds: ${options.strideSeconds}`);
  const total = found.reduce((sum, { files }) => sum + files.length, 0);
  const excluded: Exclusion[] = [];
  const tally = { imported: 0, reused: 0, eegSeconds: 0, bytes: 0, otherClass: 0 };
  let done = 0;
  for (const { dir, split, files } of found) {
    const manifest = await readReferenceManifest(join(dir, REFERENCE_MANIFEST_FILE));
    if (manifest) refuseMissingFiles(manifest, new Set(files), dir);
    for (const file of files) {
      signal?.throwIfAborted();
      const identity = identify(file, split);
      const path = join(dir, file);
      try {
        const known = await findImported(folder.path, identity.id, path, folder.sampleType);
        const task = { ...identity, path, folder, strideSamples, signal };
        const { sidecar, classes } = known ? { sidecar: known, classes: undefined } : await importRecording(task);
        tally[known ? "reused" : "imported"] += 1;
        tally.eegSeconds += sidecar.durationSeconds;
        tally.bytes += sidecar.fileBytes;
        if (classes) tally.otherClass += countOther(manifest, file, classes);
      } catch (error) {
        if (
          !(error instanceof ExclusionError) &&
          !isIctalError(error, "FormatError") &&
          !isIctalError(error, "UnsupportedError")
        )
          throw error;
        const code = error instanceof ExclusionError ? error.code : "damaged";
        excluded.push({ id: identity.id, code, reason: error.message });
      }
      progress.update({ label: "import", done: ++done, total, unit: "archives" });
    }
  }
  progress.finish();
  return { cacheDir, key: folder.key, folder: folder.path, excluded, ...tally };
}
