import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { CacheError, isIctalError } from "@ictal/base/errors";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { type Borrowed, lend } from "../base/borrowed.js";
import { mapConcurrent } from "../base/concurrent.js";
import { type CacheFolder, findFolders } from "./folder.js";
import { frameLayout } from "./format.js";
import { type Manifest, readManifest } from "./manifest.js";
import { MANIFEST_FILE, recordingFile } from "./paths.js";
import { bytesOnDisk, listSidecars, parseSidecar, type Sidecar } from "./sidecar.js";
import { uncheckedTimelines } from "./timeline-check.js";

/** One error of a cache. */
export interface BadFrame {
  readonly id: string;
  /** 0-based; null when the whole recording, its sidecar or the manifest is at fault. */
  readonly frame: number | null;
  readonly reason: string;
}

/** What a check found; `fix` names the command that repairs it. */
export interface VerifyReport {
  readonly recordings: number;
  readonly frames: number;
  readonly bytes: number;
  readonly bad: readonly BadFrame[];
  readonly fix?: string;
}

export interface VerifyOptions {
  /** Only this key. @default every key of the folder */
  readonly key?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

const READ_AHEAD_RECORDINGS = 4;
const FRAMES_PER_READ = 10;

/** The first `count` frames of a file, read ten at a time while the ten before are checked. */
async function* readCompleteFrames(
  path: string,
  frameBytes: number,
  count: number,
  signal?: AbortSignal,
): AsyncGenerator<{ frame: number; bytes: Borrowed<Uint8Array> }> {
  const allocate = () => new Uint8Array(Math.min(count, FRAMES_PER_READ) * frameBytes);
  const [even, odd] = [allocate(), allocate()];
  const handle = await open(path, "r");
  const read = (first: number) => {
    const length = Math.min(FRAMES_PER_READ, count - first) * frameBytes;
    const reading = handle.read((first / FRAMES_PER_READ) % 2 === 0 ? even : odd, 0, length, first * frameBytes);
    reading.catch(() => undefined); // awaited in its turn, or dropped when the caller stops early
    return reading;
  };
  let next = count > 0 ? read(0) : undefined;
  try {
    for (let first = 0; next; first += FRAMES_PER_READ) {
      signal?.throwIfAborted();
      const { buffer, bytesRead } = await next;
      next = first + FRAMES_PER_READ < count ? read(first + FRAMES_PER_READ) : undefined;
      for (let at = 0; at < bytesRead; at += frameBytes)
        yield { frame: first + at / frameBytes, bytes: lend(buffer.subarray(at, at + frameBytes)) };
    }
  } finally {
    await next?.catch(() => undefined);
    await handle.close();
  }
}

/** Faults of one recording's file: missing, wrong length, frames whose CRC differs. Memory: twenty frames. */
export async function checkFrames(dir: string, sidecar: Sidecar, signal?: AbortSignal): Promise<BadFrame[]> {
  const { id } = sidecar;
  const layout = frameLayout(sidecar.channels.length, sidecar.sampleType);
  const path = join(dir, recordingFile(id, sidecar.sampleType));
  const found = await bytesOnDisk(path);
  if (found === undefined) return [{ id, frame: null, reason: "the samples file is missing" }];
  const bad: BadFrame[] = [];
  if (found !== sidecar.fileBytes) {
    const frame = Math.min(Math.floor(found / layout.frameBytes), sidecar.frameCrc32.length);
    bad.push({ id, frame, reason: `the file has ${found} bytes, expected ${sidecar.fileBytes}` });
  }
  const complete = Math.min(Math.floor(found / layout.frameBytes), sidecar.frameCrc32.length);
  for await (const { frame, bytes } of readCompleteFrames(path, layout.frameBytes, complete, signal)) {
    const crc = crc32(bytes);
    const expected = sidecar.frameCrc32[frame];
    if (crc !== expected)
      bad.push({ id, frame, reason: `CRC ${crc.toString(16)}, expected ${expected?.toString(16)}` });
  }
  return bad;
}

function checkIdentity(folder: CacheFolder, sidecar: Sidecar, file: string): BadFrame[] {
  const { id } = sidecar;
  const bad: BadFrame[] = [];
  if (sidecar.key !== folder.key)
    bad.push({ id, frame: null, reason: `${file}: key ${sidecar.key}, expected ${folder.key}` });
  if (sidecar.timelineCheck === undefined) bad.push({ id, frame: null, reason: uncheckedTimelines("the recording") });
  if (sidecar.channels.join() !== folder.channels.join())
    bad.push({ id, frame: null, reason: `${file}: other channels than the cache` });
  return bad;
}

interface Checked {
  readonly sidecar?: Sidecar;
  readonly bad: readonly BadFrame[];
}

async function checkRecording(folder: CacheFolder, file: string, signal?: AbortSignal): Promise<Checked> {
  const path = join(folder.path, file);
  try {
    const sidecar = parseSidecar(await readFile(path, "utf8"), path);
    return {
      sidecar,
      bad: [...checkIdentity(folder, sidecar, path), ...(await checkFrames(folder.path, sidecar, signal))],
    };
  } catch (error) {
    if (!isIctalError(error, "CacheError")) throw error;
    return { bad: [{ id: file.replace(/\.json$/, ""), frame: null, reason: error.message }] };
  }
}

function checkManifest(manifest: Manifest, sidecars: ReadonlyMap<string, Sidecar>): BadFrame[] {
  return manifest.recordings.flatMap(({ id, sampleCount }) => {
    const sidecar = sidecars.get(id);
    if (!sidecar) return [{ id, frame: null, reason: "named by the manifest, not in the cache" }];
    if (sidecar.sampleCount === sampleCount) return [];
    return [
      { id, frame: null, reason: `the manifest says ${sampleCount} samples, the sidecar ${sidecar.sampleCount}` },
    ];
  });
}

async function readManifestIfAny(
  folder: CacheFolder,
  signal: AbortSignal | undefined,
): Promise<{ manifest?: Manifest; bad: BadFrame[] }> {
  try {
    return { manifest: await readManifest(folder.path, { signal }), bad: [] };
  } catch (error) {
    if (isIctalError(error, "NotFoundError")) return { bad: [] };
    if (isIctalError(error, "CacheError")) return { bad: [{ id: MANIFEST_FILE, frame: null, reason: error.message }] };
    throw error;
  }
}

async function verifyFolder(
  folder: CacheFolder,
  { progress = silentProgress, signal }: VerifyOptions,
): Promise<VerifyReport> {
  const files = await listSidecars(folder);
  let done = 0;
  let megabytes = 0;
  const checked = await mapConcurrent(files, READ_AHEAD_RECORDINGS, async (file) => {
    signal?.throwIfAborted();
    const result = await checkRecording(folder, file, signal);
    done += 1;
    megabytes += (result.sidecar?.fileBytes ?? 0) / 1e6;
    progress.update({
      label: "verify",
      done,
      total: files.length,
      unit: "recordings",
      note: `${megabytes.toFixed(0)} MB`,
    });
    return result;
  });
  const sidecars = new Map(checked.flatMap(({ sidecar }) => (sidecar ? [[sidecar.id, sidecar] as const] : [])));
  const { manifest, bad } = await readManifestIfAny(folder, signal);
  const unreadable = new Set(checked.flatMap((each) => (each.sidecar ? [] : each.bad.map(({ id }) => id))));
  const byManifest = manifest ? checkManifest(manifest, sidecars).filter(({ id }) => !unreadable.has(id)) : [];
  return {
    recordings: files.length,
    frames: [...sidecars.values()].reduce((sum, sidecar) => sum + sidecar.frameCrc32.length, 0),
    bytes: [...sidecars.values()].reduce((sum, sidecar) => sum + sidecar.fileBytes, 0),
    bad: [...checked.flatMap((each) => each.bad), ...byManifest, ...bad],
  };
}

/**
 * Check every frame of the cache at `dir` against its CRC, the sidecars against the files and the manifest against both,
 * at disk speed and in bounded memory. Errors are reported, not thrown; a folder without a cache is a NotFoundError or CacheError.
 */
export async function verifyCache(dir: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const all = await findFolders(dir);
  const folders = options.key === undefined ? all : all.filter((folder) => folder.key === options.key);
  if (folders.length === 0)
    throw new CacheError(
      `no cache${options.key ? ` with key ${options.key}` : ""} in ${dir}; build one with: ictal cache build`,
      {
        found: all.map((folder) => folder.key),
        expected: options.key ?? "a folder with cache.json",
      },
    );
  const reports: VerifyReport[] = [];
  for (const folder of folders) reports.push(await verifyFolder(folder, options));
  options.progress?.finish();
  const sum = (pick: (report: VerifyReport) => number) => reports.reduce((total, report) => total + pick(report), 0);
  const bad = reports.flatMap((report) => report.bad);
  return {
    recordings: sum((report) => report.recordings),
    frames: sum((report) => report.frames),
    bytes: sum((report) => report.bytes),
    bad,
    ...(bad.length > 0 && { fix: "ictal cache build --verify (same flags as the first build), then: ictal manifest" }),
  };
}
