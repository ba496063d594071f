import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FormatError, NotFoundError } from "@ictal/base/errors";
import { annotationFormatOf } from "./annotation-file.js";
import type { AnnotationFormat } from "./annotation-rows.js";

/** Files of one recording: same folder, same stem. */
export interface RecordingFiles {
  /** Path without extension. */
  readonly stem: string;
  /** Paths by format. */
  readonly annotations: Map<AnnotationFormat, string>;
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
    .filter((name) => stemOf(name.replace(COMPRESSED_ANNOTATION, ".$1")) === stem)
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
    .replace(/\.[^.]*$/, "")
    .replace(/_(events|eeg)$/, "");
}

function groupByRecording(paths: readonly string[]): RecordingFiles[] {
  const recordings = new Map<string, RecordingFiles>();
  for (const path of paths) {
    const packed = COMPRESSED_ANNOTATION.exec(path)?.[2];
    const plain = packed ? path.slice(0, -packed.length) : path;
    const format = annotationFormatOf(plain);
    const isEdf = RECORDING.test(path);
    if (!format && !isEdf) continue;
    if (format === "tsv" && OTHER_BIDS_TABLE.test(basename(plain))) continue;
    const stem = join(dirname(path), stemOf(plain));
    const recording: RecordingFiles = recordings.get(stem) ?? { stem, annotations: new Map(), compressed: [] };
    recordings.set(stem, recording);
    if (packed) recording.compressed.push(path);
    else if (format) recording.annotations.set(format, path);
    else recording.edf = path;
  }
  return [...recordings.values()].sort((a, b) => (a.stem < b.stem ? -1 : 1));
}
