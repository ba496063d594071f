import { basename, join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { CacheError, NotFoundError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { requireNumbers } from "@ictal/base/options";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { type Manifest, type ManifestRecording, recordingAt } from "../../cache/manifest.js";
import { segmentsOf } from "../../cache/segments.js";
import { type Exclusion, readSidecar } from "../../cache/sidecar.js";
import { type IndexOptions, indexWindows, validSamplesOf, windowClass, windowRow } from "../index-windows.js";
import { openWindowReader, type WindowReader } from "../window-reader.js";
import { writeNpz } from "./archive.js";
import { REFERENCE_LISTS, REFERENCE_MANIFEST_FILE, type ReferenceManifest } from "./reference-manifest.js";

/** Which windows go where. */
export interface ExportOptions extends Pick<IndexOptions, "windowSeconds" | "strideSeconds" | "split"> {
  readonly cacheDir: string;
  readonly manifest: Manifest;
  /** Folder that gets a folder per split. */
  readonly outDir: string;
  /** Compression, 0 (none, as numpy.savez) to 9. @default 1 */
  readonly level?: number | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What an export wrote. */
export interface ExportReport {
  readonly outDir: string;
  readonly files: number;
  readonly windows: { readonly partial: number; readonly full: number; readonly none: number };
  readonly bytes: number;
  /** Recordings without an archive, and the reasons. */
  readonly excluded: readonly Exclusion[];
  /** Time at the recordings' ends that no complete window covers; the reference has no padded windows. */
  readonly droppedSeconds: number;
}

/** Name of the source's file without folders and ending: what the reference names its archives after. */
async function stemOf(reader: WindowReader, { id }: ManifestRecording): Promise<string> {
  const sidecar = await readSidecar(reader.folder, id);
  if (!sidecar) throw new NotFoundError(`${id} has no sidecar; run: ictal cache verify`, id);
  return basename(sidecar.source.key).replace(/\.[^.]*$/, "");
}

/** Positions of the recordings to write by the names of their archives, and why others are excluded. */
async function chooseRecordings(reader: WindowReader, positions: readonly number[], windowSamples: number) {
  const excluded: Exclusion[] = [];
  const chosen = new Map<string, number>();
  for (const position of positions) {
    const recording = recordingAt(reader.manifest, position);
    const { id, split, labelled } = recording;
    const longest = Math.max(...segmentsOf(recording).map(({ sampleCount }) => sampleCount));
    if (!labelled)
      excluded.push({
        id,
        code: "unlabelled",
        reason: "no annotations; the reference has no class for unknown labels",
      });
    else if (longest < windowSamples) excluded.push({ id, code: "short", reason: "shorter than a window" });
    else {
      const file = join(split, `${await stemOf(reader, recording)}_windows.npz`);
      const other = chosen.get(file);
      if (other !== undefined)
        throw new CacheError(
          `${id} and ${recordingAt(reader.manifest, other).id} would both be ${file}: the reference names archives by the file's stem alone; export one of them apart`,
          { found: file, expected: "one recording per name" },
        );
      chosen.set(file, position);
    }
  }
  return { chosen, excluded };
}

/**
 * Write the windows of a cache as the reference system keeps them: `<split>/<stem>_windows.npz` with `windows`
 * (n, channels, samples) float32 and `labels` (n, samples) float32, and a manifest.json beside them. Only whole windows, as
 * there; unlabelled and shorter recordings are listed as excluded. Memory does not grow with a recording's length.
 */
export async function exportNpz(options: ExportOptions): Promise<ExportReport> {
  const { cacheDir, manifest, outDir, level, progress = silentProgress, signal } = options;
  requireNumbers({ level }, { isWhole: true, least: 0, most: 9 });
  const reader = await openWindowReader(cacheDir, manifest);
  const index = indexWindows(manifest, options);
  const { windowSamples } = index;
  const rows = new Map<number, number[]>();
  for (let window = 0; window < index.count; window++) {
    const { recording } = windowRow(index, window, 0);
    const own = rows.get(recording) ?? [];
    rows.set(recording, own);
    if (validSamplesOf(index, window) === windowSamples) own.push(window);
  }
  try {
    const { chosen, excluded } = await chooseRecordings(reader, [...rows.keys()], windowSamples);
    const lists = new Map<string, ReferenceManifest>();
    const windows = { partial: 0, full: 0, none: 0 };
    let bytes = 0;
    let droppedSeconds = 0;
    let done = 0;
    for (const [file, position] of chosen) {
      signal?.throwIfAborted();
      const recording = recordingAt(manifest, position);
      const { split } = recording;
      const own = rows.get(position) ?? [];
      await makeFolder(join(outDir, split));
      const starts = own.map((window) => windowRow(index, window, 0).startSample);
      bytes += await writeWindows(reader, position, starts, { path: join(outDir, file), windowSamples, level, signal });
      const list = lists.get(split) ?? { partial_seizure: [], full_seizure: [], no_seizure: [] };
      lists.set(split, list);
      for (const [number, window] of own.entries()) {
        const name = windowClass(index, window);
        if (name === "unknown") continue; // never: the recording is labelled
        windows[name] += 1;
        list[REFERENCE_LISTS[name]].push({ cache_file: basename(file), window_idx: number });
      }
      droppedSeconds += droppedSamples(recording, starts, windowSamples) / manifest.sampleRateHz;
      progress.update({ label: "export", done: ++done, total: chosen.size, unit: "recordings" });
    }
    for (const [split, list] of lists)
      await writeFileAtomic(join(outDir, split, REFERENCE_MANIFEST_FILE), `${JSON.stringify(list, null, 2)}\n`);
    return { outDir, files: chosen.size, windows, bytes, excluded, droppedSeconds };
  } finally {
    progress.finish();
    await reader.close();
  }
}

/** Samples after the last whole window of each segment. */
function droppedSamples(recording: ManifestRecording, starts: readonly number[], windowSamples: number): number {
  return segmentsOf(recording).reduce((sum, { startSample, sampleCount }) => {
    const end = startSample + sampleCount;
    const last = starts.filter((start) => start >= startSample && start < end).at(-1);
    return sum + end - (last === undefined ? startSample : last + windowSamples);
  }, 0);
}

interface Target {
  readonly path: string;
  readonly windowSamples: number;
  readonly level: number | undefined;
  readonly signal: AbortSignal | undefined;
}

function writeWindows(
  reader: WindowReader,
  recording: number,
  starts: readonly number[],
  { path, windowSamples, level, signal }: Target,
): Promise<number> {
  const samples = new Float32Array(reader.channelCount * windowSamples);
  const labels = new Float32Array(windowSamples);
  async function* windows() {
    for (const start of starts) {
      await reader.readInto(samples, recording, start, windowSamples, { signal });
      yield samples;
    }
  }
  function* masks() {
    for (const start of starts) {
      reader.labelsInto(labels, recording, start);
      yield labels;
    }
  }
  return writeNpz(
    path,
    [
      { name: "windows", shape: [starts.length, reader.channelCount, windowSamples], chunks: windows() },
      { name: "labels", shape: [starts.length, windowSamples], chunks: masks() },
    ],
    { level, signal },
  );
}
