import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FormatError, NotFoundError } from "@ictal/base/errors";
import { isOwnAnnotation, MARKS_NAME, PATIENT_LIST_NAME, patientOfList } from "./annotation-corpus.js";
import { annotationFormatOf } from "./annotation-file.js";
import type { AnnotationFormat } from "./annotation-rows.js";
import { SEIZEIT1_NAME, SEIZEIT1_TABLE } from "./annotation-seizeit1.js";

/** Files of one recording: same folder, same stem. */
export interface RecordingFiles {
  /** Path without extension. */
  readonly stem: string;
  /** Paths by format. */
  readonly annotations: Map<AnnotationFormat, string>;
  /** Files that only one corpus has: CHB-MIT's marks and summaries, Siena's lists, SeizeIT1's tables. */
  readonly ofCorpus: string[];
  /** Compressed annotation files; they are not read. */
  readonly compressed: string[];
  /** EDF or BDF. */
  edf?: string;
}

const RECORDING = /\.[be]df$/i;

const COMPRESSED_ANNOTATION = /\.(csv|csv_bi|tse|tse_bi|tsv)(\.(gz|zip|bz2|xz|zst))$/i;

/** Tables of a BIDS folder that are not events files. */
const OTHER_BIDS_TABLE = /^participants\.tsv$|_(channels|electrodes|scans|sessions)\.tsv$/;

const isAddress = (path: string) => /^[a-z][a-z0-9]+:\/\//i.test(path);

/**
 * Recordings with their annotation files under a folder (recursively, without hidden files), or the one that a file belongs
 * to, in order of path. NotFoundError when there is no such path, FormatError
 * when the file is of no known format.
 */
export async function findRecordings(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<RecordingFiles[]> {
  signal?.throwIfAborted();
  const stats = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw cause;
    const advice = isAddress(path) ? "it is an address: copy it into a folder first (ictal s3 pull)" : "check the path";
    throw new NotFoundError(`${path}: no such file or folder; ${advice}`, path, { cause });
  });
  if (stats.isDirectory()) return groupByRecording(await listFiles(path, signal));
  if (!annotationFormatOf(path) && !RECORDING.test(path)) {
    const expected = "csv, csv_bi, tse, tse_bi, tsv, or the edf or bdf beside one";
    throw new FormatError(`not an annotation file by its name; expected ${expected}`, { file: path });
  }
  const dir = dirname(path);
  const stem = stemOf(path);
  const siblings = (await readdir(dir))
    .filter((name) => stemOf(name.replace(COMPRESSED_ANNOTATION, ".$1")) === stem || PATIENT_LIST_NAME.test(name))
    .map((name) => join(dir, name));
  return groupByRecording(siblings);
}

async function listFiles(root: string, signal: AbortSignal | undefined): Promise<string[]> {
  const files: string[] = [];
  const dirs = [root];
  for (let dir = dirs.pop(); dir !== undefined; dir = dirs.pop()) {
    signal?.throwIfAborted();
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) dirs.push(path);
      else if (!entry.name.startsWith(".")) files.push(path);
    }
  }
  return files;
}

/** Recording name of a file: without its extension, and without the `_events` and `_eeg` of BIDS. */
function stemOf(path: string): string {
  return basename(path)
    .replace(MARKS_NAME, ".edf")
    .replace(SEIZEIT1_NAME, (name) => name.replace(/_a1\.tsv$/i, ".tsv"))
    .replace(/\.[^.]*$/, "")
    .replace(/_(events|eeg)$/, "");
}

/** True where a list is of the patient of a recording in its folder. */
function lists(list: string, { stem, edf }: RecordingFiles): boolean {
  const patient = patientOfList(list);
  const isOfPatient = patient !== undefined && basename(stem).toLowerCase().startsWith(patient);
  return edf !== undefined && isOfPatient && dirname(stem) === dirname(list);
}

function addLists(paths: readonly string[], recordings: readonly RecordingFiles[]): void {
  for (const list of paths.filter((path) => PATIENT_LIST_NAME.test(path)))
    for (const recording of recordings) if (lists(list, recording)) recording.ofCorpus.push(list);
}

function groupByRecording(paths: readonly string[]): RecordingFiles[] {
  const recordings = new Map<string, RecordingFiles>();
  for (const path of paths) {
    const packed = COMPRESSED_ANNOTATION.exec(path)?.[2];
    const plain = packed ? path.slice(0, -packed.length) : path;
    const format = annotationFormatOf(plain);
    const isEdf = RECORDING.test(path);
    const isOwn = isOwnAnnotation(path);
    if (!format && !isEdf && !isOwn) continue;
    if (format === "tsv" && OTHER_BIDS_TABLE.test(basename(plain))) continue;
    if (SEIZEIT1_TABLE.test(path) && !isOwn) continue;
    const stem = join(dirname(path), stemOf(plain));
    const recording: RecordingFiles = recordings.get(stem) ?? {
      stem,
      annotations: new Map(),
      ofCorpus: [],
      compressed: [],
    };
    recordings.set(stem, recording);
    if (packed) recording.compressed.push(path);
    else if (isOwn) recording.ofCorpus.push(path);
    else if (format) recording.annotations.set(format, path);
    else recording.edf = path;
  }
  addLists(paths, [...recordings.values()]);
  return [...recordings.values()].sort((a, b) => (a.stem < b.stem ? -1 : 1));
}
