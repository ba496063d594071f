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
import { BACKGROUND_PLAN, PLAN, type PlannedRecording, planCorpus } from "./plan.js";

/** Changes whenever the bytes of any file would. */
const GENERATOR_VERSION = 1;

export interface SynthesizeOptions {
  /** @default 42 */
  readonly seed?: number;
  /** Number of recordings; fewer keep some of every split. @default 30, which is also the most */
  readonly recordings?: number;
  /** Longer recordings are made this long; their seizures are shortened to fit. @default 600 */
  readonly maxDurationSeconds?: number;
  /** Seizure-free recordings of half an hour in train beside the others, at most 4. @default 0 */
  readonly background?: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
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
  /** Recordings that lay there already, checked by hash. */
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
 * there from the same options is checked by hash and kept; damaged or missing recordings are made again, and everything
 * of a half-written corpus. ConfigError, before anything is written, when `dir` holds anything of another origin.
 */
export async function synthesizeCorpus(dir: string, options: SynthesizeOptions = {}): Promise<SyntheticReport> {
  const { seed = 42, recordings = PLAN.length, maxDurationSeconds = 600, background = 0 } = options;
  const { progress = silentProgress, signal } = options;
  requireNumber("seed", seed, { isWhole: true });
  requireCounts({ recordings });
  if (!(Number.isInteger(maxDurationSeconds) && maxDurationSeconds >= 20)) {
    throw new RangeError(`invalid maxDurationSeconds: ${maxDurationSeconds}; a whole number of at least 20`);
  }
  if (!(Number.isInteger(background) && background >= 0 && background <= BACKGROUND_PLAN.length)) {
    throw new RangeError(`invalid background: ${background}; a whole number of at most ${BACKGROUND_PLAN.length}`);
  }
  const plan = planCorpus({ recordings, maxDurationSeconds, background });
  const optionsHash = hashOf({ version: GENERATOR_VERSION, seed, plan });
  const before = await readMarker(dir);
  const intact = before?.optionsHash === optionsHash ? await intactRecordings(dir, plan, before) : new Set<string>();
  if (before && intact.size === plan.length) return reportOf(dir, seed, plan, before, intact.size);
  await clearForeign(dir, plan, before);
  await rm(join(dir, SYNTHETIC_MARKER), { force: true });
  const files: MarkedFile[] = [];
  const seizures: Record<string, number> = {};
  for (const [index, recording] of plan.entries()) {
    signal?.throwIfAborted();
    progress.update({ label: "synthesize", done: index, total: plan.length, unit: "recordings", note: recording.id });
    const made = intact.has(recording.id) ? keep(recording, before!) : await make(dir, recording, seed);
    files.push(...made.files);
    seizures[recording.id] = made.seizures;
  }
  const marker: Marker = { seed, optionsHash, files, seizures };
  await writeFileAtomic(join(dir, SYNTHETIC_MARKER), `${JSON.stringify(marker, null, 2)}\n`);
  progress.update({ label: "synthesize", done: plan.length, total: plan.length, unit: "recordings" });
  progress.finish();
  return reportOf(dir, seed, plan, marker, intact.size);
}

async function make(dir: string, recording: PlannedRecording, seed: number) {
  const { files, seizures } = synthesizeRecording(recording, seed);
  for (const { path, bytes } of files) await writeFileAtomic(join(dir, path), bytes);
  return {
    files: files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256(bytes) })),
    seizures,
  };
}

function keep(recording: PlannedRecording, marker: Marker) {
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

/** Ids of recordings whose files are all there with the hashes of the marker. */
async function intactRecordings(dir: string, plan: readonly PlannedRecording[], marker: Marker): Promise<Set<string>> {
  const marked = new Map(marker.files.map((file) => [file.path, file]));
  const intact = new Set<string>();
  for (const recording of plan) {
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
 * Remove what an earlier synthesis left under `edf/` and the plan does not want; refuse when there is anything else.
 */
async function clearForeign(dir: string, plan: readonly PlannedRecording[], before: Marker | undefined): Promise<void> {
  await makeFolder(dir);
  const strangers = (await readdir(dir)).filter((name) => !isOwnName(name));
  if (strangers.length > 0) throw refusal(dir, strangers);
  const wanted = new Set(plan.flatMap(pathsOf));
  const ours = new Set([
    ...[...PLAN, ...BACKGROUND_PLAN].flatMap(pathsOf),
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

function refusal(dir: string, strangers: readonly string[]): ConfigError {
  const found = strangers.length === 1 ? strangers[0] : `${strangers[0]} and ${strangers.length - 1} more`;
  return new ConfigError(
    `${dir} holds what is not of a synthetic corpus: ${found}; give an empty or a new folder, so that nothing of another origin is mixed in or replaced`,
    { key: "dir", value: dir, allowed: "an empty folder, or one made by corpus synth" },
  );
}

function reportOf(
  dir: string,
  seed: number,
  plan: readonly PlannedRecording[],
  marker: Marker,
  reused: number,
): SyntheticReport {
  const splits = [...new Set(plan.map(({ split }) => split))];
  const patientsIn = (name: string) =>
    new Set(plan.filter(({ split }) => split === name).map(({ patient }) => patient)).size;
  return {
    ...{ dir, seed, reused },
    recordings: plan.length,
    seizures: Object.values(marker.seizures).reduce((sum, count) => sum + count, 0),
    hours: plan.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 3600,
    bytes: marker.files.reduce((sum, { size }) => sum + size, 0),
    patients: Object.fromEntries(splits.map((name) => [name, patientsIn(name)])),
  };
}
