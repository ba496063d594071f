import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { hashOf, sha256 } from "@ictal/base/canonical";
import { ConfigError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { requireCounts, requireNumber } from "@ictal/base/options";
import { type Progress, silentProgress } from "@ictal/base/progress";
import { z } from "zod";
import { SYNTHETIC_MARKER } from "../synthetic-name.js";
import { pathsOf, synthesizeRecording } from "./files.js";
import {
  BACKGROUND_RECORDINGS,
  SYNTHETIC_RECORDINGS,
  type SyntheticRecording,
  selectRecordings,
} from "./recording-table.js";

/** Changes whenever the bytes of any file would. */
const GENERATOR_VERSION = 1;

/** Which recordings to make. */
export interface SynthesizeOptions {
  /** @default 42 */
  readonly seed?: number | undefined;
  /** Number of recordings; fewer keep some of every split. @default 30, which is also the most */
  readonly recordings?: number | undefined;
  /** Longer recordings are made this long; their seizures are shortened to fit. @default 600 */
  readonly maxDurationSeconds?: number | undefined;
  /** Seizure-free recordings of half an hour in train beside the others, at most 4. @default 0 */
  readonly background?: number | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a synthetic corpus holds. */
export interface SyntheticReport {
  readonly dir: string;
  readonly seed: number;
  readonly recordings: number;
  readonly seizures: number;
  readonly hours: number;
  readonly bytes: number;
  /** Patients by split. */
  readonly patients: Readonly<Record<string, number>>;
  /** Recordings that existed already, checked by hash. */
  readonly reused: number;
}

const count = z.number().int().min(0);

const markerSchema = z.object({
  seed: z.number().int(),
  optionsHash: z.string(),
  files: z.array(z.object({ path: z.string(), size: count, sha256: z.string() })),
  /** Seizures by recording id. */
  seizures: z.record(z.string(), count),
});
type Marker = z.infer<typeof markerSchema>;
type MarkedFile = Marker["files"][number];

/**
 * Make a corpus in the layout of TUSZ v2 under `dir`: the same seed gives the same bytes everywhere. What is already
 * there from the same options is checked by hash and kept; damaged or missing recordings are written again, and all files
 * of an incomplete corpus. ConfigError, before anything is written, when `dir` holds any other files.
 */
export async function synthesizeCorpus(dir: string, options: SynthesizeOptions = {}): Promise<SyntheticReport> {
  const { seed = 42, recordings = SYNTHETIC_RECORDINGS.length, maxDurationSeconds = 600, background = 0 } = options;
  const { progress = silentProgress, signal } = options;
  requireNumber("seed", seed, { isWhole: true });
  requireCounts({ recordings });
  if (!(Number.isInteger(maxDurationSeconds) && maxDurationSeconds >= 20)) {
    throw new RangeError(`invalid maxDurationSeconds: ${maxDurationSeconds}; a whole number of at least 20`);
  }
  if (!(Number.isInteger(background) && background >= 0 && background <= BACKGROUND_RECORDINGS.length)) {
    throw new RangeError(
      `invalid background: ${background}; a whole number of at most ${BACKGROUND_RECORDINGS.length}`,
    );
  }
  const selected = selectRecordings({ recordings, maxDurationSeconds, background });
  const optionsHash = optionsHashOf(seed, selected);
  const before = await readMarker(dir);
  const intact =
    before?.optionsHash === optionsHash ? await intactRecordings(dir, selected, before, signal) : new Set<string>();
  if (before && intact.size === selected.length) return reportOf(dir, seed, selected, before, intact.size);
  await clearForeign(dir, selected, before);
  await rm(join(dir, SYNTHETIC_MARKER), { force: true });
  const files: MarkedFile[] = [];
  const seizures: Record<string, number> = {};
  for (const [index, recording] of selected.entries()) {
    signal?.throwIfAborted();
    progress.update({
      label: "synthesize",
      done: index,
      total: selected.length,
      unit: "recordings",
      note: recording.id,
    });
    const made = before && intact.has(recording.id) ? keep(recording, before) : await make(dir, recording, seed);
    files.push(...made.files);
    seizures[recording.id] = made.seizures;
  }
  const marker: Marker = { seed, optionsHash, files, seizures };
  await writeFileAtomic(join(dir, SYNTHETIC_MARKER), `${JSON.stringify(marker, null, 2)}\n`);
  progress.update({ label: "synthesize", done: selected.length, total: selected.length, unit: "recordings" });
  progress.finish();
  return reportOf(dir, seed, selected, marker, intact.size);
}

/** Hash in the marker of everything that the bytes depend on; the key `peculiarities` is that of markers on disk. */
function optionsHashOf(seed: number, selected: readonly SyntheticRecording[]): string {
  const plan = selected.map(({ traits, ...recording }) => ({ ...recording, peculiarities: traits }));
  return hashOf({ version: GENERATOR_VERSION, seed, plan });
}

async function make(dir: string, recording: SyntheticRecording, seed: number) {
  const { files, seizures } = synthesizeRecording(recording, seed);
  for (const { path, bytes } of files) await writeFileAtomic(join(dir, path), bytes);
  return {
    files: files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256(bytes) })),
    seizures,
  };
}

function keep(recording: SyntheticRecording, marker: Marker) {
  const paths = new Set(pathsOf(recording));
  return { files: marker.files.filter(({ path }) => paths.has(path)), seizures: marker.seizures[recording.id] ?? 0 };
}

/** The marker, or undefined when there is none or another program's file of that name. */
async function readMarker(dir: string): Promise<Marker | undefined> {
  const text = await readFile(join(dir, SYNTHETIC_MARKER), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return markerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Ids of recordings whose files all exist with the hashes of the marker. */
async function intactRecordings(
  dir: string,
  selected: readonly SyntheticRecording[],
  marker: Marker,
  signal: AbortSignal | undefined,
): Promise<Set<string>> {
  const marked = new Map(marker.files.map((file) => [file.path, file]));
  const intact = new Set<string>();
  for (const recording of selected) {
    signal?.throwIfAborted();
    const whole = await Promise.all(pathsOf(recording).map((path) => isIntact(dir, marked.get(path))));
    if (whole.every(Boolean)) intact.add(recording.id);
  }
  return intact;
}

async function isIntact(dir: string, file: MarkedFile | undefined): Promise<boolean> {
  if (!file) return false;
  const path = join(dir, file.path);
  const size = await stat(path).then(
    (found) => found.size,
    () => -1,
  );
  return size === file.size && sha256(await readFile(path)) === file.sha256;
}

/** What this module puts into its folder, the marker's own temporary names included; hidden names say nothing. */
function isOwnName(name: string): boolean {
  return (
    name === "edf" || name === SYNTHETIC_MARKER || name.startsWith(`${SYNTHETIC_MARKER}.tmp-`) || name.startsWith(".")
  );
}

/** A temporary file whose writer still runs: another process makes the same corpus, with the same bytes. */
function isBeingWritten(path: string): boolean {
  const writer = /\.tmp-(\d+)-\d+$/.exec(path)?.[1];
  if (writer === undefined) return false;
  try {
    process.kill(Number(writer), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Remove what an earlier synthesis left under `edf/` and the selection does not hold; refuse when there is anything else.
 */
async function clearForeign(
  dir: string,
  selected: readonly SyntheticRecording[],
  before: Marker | undefined,
): Promise<void> {
  await makeFolder(dir);
  const foreignNames = (await readdir(dir)).filter((name) => !isOwnName(name));
  if (foreignNames.length > 0) throw refusal(dir, foreignNames);
  const wanted = new Set(selected.flatMap(pathsOf));
  const ours = new Set([
    ...[...SYNTHETIC_RECORDINGS, ...BACKGROUND_RECORDINGS].flatMap(pathsOf),
    ...(before?.files.map(({ path }) => path) ?? []),
  ]);
  const entries = await readdir(join(dir, "edf"), { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const foreign = paths.filter((path) => !ours.has(path.replace(/\.tmp-.*$/, "")));
  if (foreign.length > 0) throw refusal(dir, foreign);
  for (const path of paths) if (!wanted.has(path) && !isBeingWritten(path)) await rm(join(dir, path), { force: true });
}

function refusal(dir: string, foreignNames: readonly string[]): ConfigError {
  const found = foreignNames.length === 1 ? foreignNames[0] : `${foreignNames[0]} and ${foreignNames.length - 1} more`;
  return new ConfigError(
    `${dir} holds files that are not part of a synthetic corpus: ${found}; give an empty or a new folder, so that no other files are mixed in or replaced`,
    { key: "dir", value: dir, allowed: "an empty folder, or one made by corpus synth" },
  );
}

function reportOf(
  dir: string,
  seed: number,
  selected: readonly SyntheticRecording[],
  marker: Marker,
  reused: number,
): SyntheticReport {
  const splits = [...new Set(selected.map(({ split }) => split))];
  const patientsIn = (name: string) =>
    new Set(selected.filter(({ split }) => split === name).map(({ patient }) => patient)).size;
  return {
    ...{ dir, seed, reused },
    recordings: selected.length,
    seizures: Object.values(marker.seizures).reduce((sum, count) => sum + count, 0),
    hours: selected.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 3600,
    bytes: marker.files.reduce((sum, { size }) => sum + size, 0),
    patients: Object.fromEntries(splits.map((name) => [name, patientsIn(name)])),
  };
}
